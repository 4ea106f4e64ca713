# The pages of the book: one a chapter, and all in one.  Both are cut from the
# same HTML, so that they can't say different things.

require 'cgi'
require 'erb'
require 'fileutils'
require 'nokogiri'
require 'rouge'
require_relative 'sources'

# What stands around the text of each page: head, navigation, foot.
module Frame
  TEMPLATE = File.join(Sources::ROOT, 'docs/style/page.html.erb')
  TITLE = 'Four Ways to Wait'.freeze

  Entry = Struct.new(:title, :href, :anchor, :current, :sections)

  class << self
    # The table of contents that is on every page: [Entry...]; the file of the
    # PDF, if there is one.
    attr_accessor :contents, :pdf
    # Is there a page with the teacher's plan?
    attr_accessor :plan

    def render(title:, body:, to_book: '', kind: 'chapter', current: nil, sections: [], before: nil, after: nil)
      entries = (contents || []).map do |entry|
        here = entry.href == current
        href = kind == 'single' ? entry.anchor : to_book + entry.href
        Entry.new(entry.title, href, entry.anchor, here, here ? sections : [])
      end
      @template ||= ERB.new(File.read(TEMPLATE), trim_mode: '-')
      @template.result_with_hash(title: title, body: body, to_book: to_book, kind: kind, entries: entries,
                                 before: before, after: after, book: TITLE, pdf: pdf, plan: plan)
    end
  end
end

# The servers that are broken on purpose.  Students get some of them as bug hunts, so
# their book neither links to the patches nor says their names.
module Bugs
  FOLDER = 'tests/breaks'.freeze
  NAME_FOR_ALL = 'broken-on-purpose'.freeze

  class << self
    def hide(body)
      body.css("a[href*='source/#{FOLDER}/']").each do |link|
        link.text.strip.empty? ? link.remove : link.replace(link.children)
      end
      body.xpath('.//text()').each do |text|
        text.content = text.content.gsub(names, NAME_FOR_ALL) if text.content.match?(names)
      end
    end

    private

    def names
      @names ||= begin
        patches = Dir[File.join(Sources::ROOT, FOLDER, '*.patch')].map { |file| File.basename(file, '.patch') }
        /(?<![\w-])(?:#{Regexp.union(patches).source})(?![\w-])/
      end
    end
  end
end

class Pages
  Page = Struct.new(:name, :id, :title, :node, :sections)
  SINGLE = 'book.html'.freeze

  def initialize(output, for_students: false)
    @output = output
    @for_students = for_students
  end

  # The chapters one by one, the cover with the table of contents, and all in one.
  def write_book(html, document)
    body = prepare(html)
    pages = chapters(body, document)
    Frame.contents = pages.map { |page| Frame::Entry.new(page.title, "#{page.name}.html", "##{page.id}") }
    write_single(body, document)
    homes = anchors(pages)
    write_index(body, document, pages, homes)
    pages.each { |page| point_home(page, homes) }
    pages.each_with_index do |page, i|
      promote(page.node)
      write_page("#{page.name}.html", page.title, page.node.to_html,
                 sections: page.sections, before: i.positive? ? pages[i - 1] : nil, after: pages[i + 1])
    end
  end

  # One chapter alone, for its author; references to others lead nowhere.
  def write_draft(html, document)
    title = plain(document.doctitle || document.sections.first&.title || 'Draft')
    body = prepare(html)
    heading = document.header? ? "<h1>#{document.doctitle}</h1>\n" : ''
    body.at_css('h2')&.name = 'h1' if heading.empty?
    write_page('index.html', title, heading + body.to_html, kind: 'draft')
  end

  # A page of docs/teaching, in a folder beside the chapters.
  def write_teaching(name, html, document)
    body = prepare(html)
    heading = "<h1>#{document.doctitle}</h1>\n"
    write_page("teaching/#{name}.html", plain(document.doctitle), heading + body.to_html, kind: 'teaching', to_book: '../')
  end

  private

  def write_page(path, title, body, **frame)
    target = File.join(@output, path)
    FileUtils.mkdir_p(File.dirname(target))
    File.write(target, Frame.render(title: title, body: body, current: path, **frame))
  end

  def write_single(body, document)
    heading = "<h1>#{document.doctitle}</h1>\n"
    write_page(SINGLE, 'All on one page', heading + body.to_html, kind: 'single')
  end

  # The text before the first chapter, which has a line for each of them.
  def write_index(body, document, pages, homes)
    front = Page.new('index', nil, Frame::TITLE, body.at_css('#preamble'), [])
    point_home(front, homes)
    html = "<h1>#{document.doctitle}</h1>\n#{front.node.inner_html}"
    write_page('index.html', Frame::TITLE, html, kind: 'index', after: pages.first)
  end

  # What Asciidoctor's HTML lacks: a way to scroll what is too wide by keyboard,
  # and headings to which one can point.
  def prepare(html)
    body = Nokogiri::HTML.fragment(html)
    body.css('table.loops, table.four').each { |table| make_grid(table) }
    body.css('.listingblock pre').each { |pre| pre['tabindex'] = '0' }
    body.css('table.tableblock').each { |table| let_scroll(table) }
    body.css('thead th').each { |header| header['scope'] = 'col' }
    body.css('tbody th').each { |header| header['scope'] = 'row' }
    body.css('.colist table').each { |table| table['role'] = 'presentation' }
    split_prompts(body)
    Bugs.hide(body) if @for_students
    body
  end

  # What stands side by side is a table on paper, where nothing can move.
  def make_grid(table)
    cells = table.css('td > .content').map(&:inner_html)
    table.replace("<div class=\"#{table['class'][/loops|four/]}\">#{cells.join}</div>")
  end

  # The title stays where it is when the table under it is scrolled.
  def let_scroll(table)
    caption = table.at_css('caption')
    table.wrap('<div class="scroll" tabindex="0" role="region"></div>')
    table.parent['aria-label'] = caption ? caption.text : 'Table'
    return unless caption
    table.parent.add_previous_sibling(%(<div class="title">#{caption.inner_html}</div>))
    caption.remove
  end

  # A prompt isn't part of the command that one copies.
  def split_prompts(body)
    body.css('.session .gp').each { |prompt| prompt['aria-hidden'] = 'true' }
  end

  def chapters(body, document)
    document.sections.map do |section|
      node = body.at_css("##{section.id}").parent
      file = File.basename(section.source_location.path, '.adoc')
      inner = section.sections.map { |part| [plain(part.title), "##{part.id}"] }
      Page.new(file, section.id, heading(section), node, inner)
    end
  end

  # "3. select" and "A. Glossary", as Asciidoctor numbers them.
  def heading(section)
    section.numeral ? "#{section.numeral}. #{plain(section.title)}" : plain(section.title)
  end

  # Asciidoctor's titles are HTML; the template makes that of text by itself.
  def plain(title)
    Nokogiri::HTML.fragment(title).text
  end

  # Which page has an id.
  def anchors(pages)
    pages.each_with_object({}) do |page, all|
      page.node.css('[id]').each { |element| all[element['id']] = page.name }
    end
  end

  # A link inside the book leads to another page now.
  def point_home(page, homes)
    page.node.css('a[href^="#"]').each do |link|
      home = homes[link['href'].delete_prefix('#')]
      link['href'] = "#{home}.html#{link['href']}" if home && home != page.name
    end
  end

  # A chapter's heading is the only h1 of its own page.
  def promote(node)
    (2..5).each { |level| node.css("h#{level}").each { |heading| heading.name = "h#{level - 1}" } }
  end
end
