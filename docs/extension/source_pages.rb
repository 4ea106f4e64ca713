# The files of the repository that the book links to, as pages of their own: so
# that the book is whole wherever it is copied, and each link can be checked.

require 'cgi'
require 'fileutils'
require 'rouge'
require_relative 'pages'
require_relative 'sources'

# Highlighted text a line at a time: tokens that go over several lines are cut.
class HighlightedLines < Rouge::Formatters::HTML
  def of(tokens)
    lines = []
    token_lines(tokens) { |line| lines << format(line) }
    lines
  end
end

class SourcePages
  def initialize(output)
    @output = output
  end

  # All of them, or those that aren't in that folder.
  def write(without: nil)
    paths = Sources.linked.keys.sort
    paths.reject! { |path| path.start_with?("#{without}/") } if without
    paths.each { |path| write_page(path) }
  end

  private

  def write_page(path)
    target = File.join(@output, 'source', "#{path}.html")
    to_book = '../' * (path.count('/') + 1)
    FileUtils.mkdir_p(File.dirname(target))
    body = "<h1><code>#{CGI.escapeHTML(path)}</code></h1>\n#{names(path)}<div class=\"listingblock source-file\">" \
           "<div class=\"content\"><pre class=\"rouge highlight\"><code>#{numbered(path)}</code></pre></div></div>"
    File.write(target, Frame.render(title: path, body: body, to_book: to_book, kind: 'source'))
  end

  # What is in the file, by name; none for one that has a single idea.
  def names(path)
    names = Sources.names(path).map(&:first).uniq
    return '' if names.size < 2
    links = names.map { |name| "<a href=\"##{Sources.anchor(name)}\"><code>#{CGI.escapeHTML(name)}</code></a>" }
    "<nav class=\"names\" aria-label=\"Names in this file\">#{links.join(' ')}</nav>\n"
  end

  def numbered(path)
    names = anchors(path)
    highlighted(path).each_with_index.map do |line, i|
      marks = (names[i] || []).map { |name| "<span class=\"anchor\" id=\"#{Sources.anchor(name)}\"></span>" }
      "#{marks.join}<span class=\"line\" id=\"L#{i + 1}\"><a href=\"#L#{i + 1}\" class=\"number\" aria-label=\"line #{i + 1}\">" \
        "#{(i + 1).to_s.rjust(4)} </a>#{line}</span>"
    end.join("\n")
  end

  # Line => the names that begin there, each name once: of what is declared first
  # and defined later, where it is defined.
  def anchors(path)
    linked = Sources.linked[path].map { |name| [name, Sources.find(path, name).first] }
    (linked + Sources.names(path).reverse).uniq(&:first).group_by(&:last).transform_values { |pairs| pairs.map(&:first) }
  end

  def highlighted(path)
    lexer = Rouge::Lexer.find(Sources.language(path)) || Rouge::Lexers::PlainText
    HighlightedLines.new.of(lexer.lex(Sources.lines(path).join("\n")))
  end
end
