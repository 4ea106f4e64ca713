# Links to what proves a sentence, written as short macros:
#
#     claim:NAME[]   a statement about the kernel: a test in tests/kernel
#     case:NAME[]    a case of tests/conformance, by the name that it prints
#     break:NAME[]   a server broken on purpose: a patch in tests/breaks
#     src:PATH[NAME] a file of the repository, or a named part of it
#     man:NAME[7]    a manual page
#
# Behind a sentence, claim, case and break are no part of it: they become marks in
# the margin, see ProofMarks.  Anywhere else they stand as a link with their name.
# A name that isn't there is an error.

require 'asciidoctor'
require 'asciidoctor/extensions'
require_relative 'sources'

# A macro that becomes a link.  Subclasses say what it shows and where it leads.
class LinkMacro < Asciidoctor::Extensions::InlineMacroProcessor
  use_dsl
  include Asciidoctor::Logging

  def process(parent, target, attributes)
    text, url = resolve(target, attributes)
    url = "#{parent.document.attr('tobook')}#{url}" unless url.start_with?('http')
    text = printed(text, parent.document) if code?
    shown = create_inline(parent, :quoted, text, type: code? ? :monospaced : :unquoted)
    return shown unless linked?(parent.document, url)
    options = { type: :link, target: url, attributes: { 'role' => name.to_s } }
    create_inline(parent, :anchor, shown.convert, **options)
  rescue BookError => e
    logger.error(message_with_context(e.message, source_location: parent.source_location))
    create_inline(parent, :quoted, target, type: :unquoted)
  end

  private

  def code?
    true
  end

  # A name as it is printed: where there is little room it may go on in the next
  # line.  A <wbr> isn't copied with it; in a PDF there is only the blank without
  # width.
  def printed(name, document)
    name.gsub('_', document.backend == 'pdf' ? '_&#8203;' : '_<wbr>')
  end

  # A PDF travels alone: from it only the network can be reached.
  def linked?(document, url)
    document.backend != 'pdf' || url.start_with?('http')
  end
end

# A macro that names one of the tests, each of which is found in some file.
class TestMacro < LinkMacro
  def self.link(macro, name)
    path, part = places[name]
    raise BookError, "#{macro}:#{name}[]: there is no such #{macro} in tests/" unless path
    Sources.link(path, part)
  end

  def resolve(test, _attributes)
    [test, self.class.link(name, test)]
  end
end

class ClaimMacro < TestMacro
  named :claim

  FOLDER = 'tests/kernel'.freeze

  def self.places
    @places ||= Dir[File.join(Sources::ROOT, FOLDER, '*_claims.c')].sort.each_with_object({}) do |full, all|
      path = full.delete_prefix("#{Sources::ROOT}/")
      Sources.lines(path).grep(/^START_TEST\((\w+)\)/) { all[Regexp.last_match(1)] = [path, Regexp.last_match(1)] }
    end
  end
end

# case_add(LINE, "NAME", FUNCTION, ...) may go over several lines.
class CaseMacro < TestMacro
  named :case

  FOLDER = 'tests/conformance'.freeze

  def self.places
    @places ||= Dir[File.join(Sources::ROOT, FOLDER, '*.c')].sort.each_with_object({}) do |full, all|
      path = full.delete_prefix("#{Sources::ROOT}/")
      text = Sources.lines(path).join("\n")
      tests = text.scan(/^START_TEST\((\w+)\)/).flatten
      text.scan(/"([a-z0-9-]+)",\s*(\w+)/) { |name, test| all[name] = [path, test] if tests.include?(test) }
    end
  end
end

class BreakMacro < TestMacro
  named :break

  FOLDER = 'tests/breaks'.freeze

  def self.places
    @places ||= Dir[File.join(Sources::ROOT, FOLDER, '*.patch')].to_h do |full|
      [File.basename(full, '.patch'), [full.delete_prefix("#{Sources::ROOT}/"), nil]]
    end
  end
end

# The proofs at the end of a sentence, or of a block, in one place: in HTML check
# marks, which book.css moves into the margin where there is one; on paper a note
# at the end of the chapter.
class ProofMarks < Asciidoctor::Extensions::InlineMacroProcessor
  use_dsl
  include Asciidoctor::Logging

  KINDS = { 'claim' => ClaimMacro, 'case' => CaseMacro, 'break' => BreakMacro }.freeze
  WORDS = { 'claim' => 'kernel test', 'case' => 'conformance case', 'break' => 'broken server' }.freeze
  MARK = /(claim|case|break):([\w-]+)\[\]/.freeze
  MARKS = "(?:\\s+#{MARK.source.gsub(/\((?!\?)/, '(?:')})+".freeze
  # Quotes have become tags when macros are replaced.
  SENTENCE_END = '(?<=[.!?:]|[.!?:]\)|[.!?]"|[.!?]</em>|[.!?]</strong>|[.!?]&#8221;)'.freeze

  named :proofs
  # At the end of a block no full stop is needed: an item of a list may have none.
  match Regexp.new("#{SENTENCE_END}(?<target>#{MARKS})|(?<=\\S)(?<!:</em>|,|\\[\\])(?<target>#{MARKS})(?=\\s*\\z)")

  def process(parent, target, _attributes)
    proofs = target.scan(MARK).uniq.map { |kind, name| [kind, name, KINDS[kind].link(kind, name)] }
    parent.document.backend == 'pdf' ? note(parent, proofs) : marks(parent, proofs)
  rescue BookError => e
    logger.error(message_with_context(e.message, source_location: parent.source_location))
    create_inline(parent, :quoted, '', type: :unquoted)
  end

  private

  # The word joiner keeps the marks on the line of their sentence.
  def marks(parent, proofs)
    links = proofs.map do |kind, name, url|
      %(<a class="proof #{kind}" href="#{parent.document.attr('tobook')}#{url}") +
        %( aria-label="Proof: #{WORDS[kind]} #{name}" data-name="#{WORDS[kind]} #{name}"></a>)
    end
    create_inline(parent, :quoted, %(<span class="proofs">&#8288;#{links.join}</span>), type: :unquoted)
  end

  def note(parent, proofs)
    document = parent.document
    index = document.counter('footnote-number')
    names = proofs.map { |kind, name| "#{WORDS[kind]} <code>#{name.gsub('_', '_&#8203;')}</code>" }
    document.register(:footnotes, Asciidoctor::Document::Footnote.new(index, nil, names.join(', ')))
    create_inline(parent, :footnote, names.join(', '), attributes: { 'index' => index })
  end
end

class SourceMacro < LinkMacro
  named :src
  name_positional_attributes 'part'

  def resolve(path, attributes)
    part = attributes['part']
    [part || path, Sources.link(path, part)]
  end
end

class ManualMacro < LinkMacro
  named :man
  name_positional_attributes 'section'

  def resolve(page, attributes)
    section = attributes['section'].to_s
    raise BookError, "man:#{page}[#{section}]: that is no section of the manual" unless section =~ /\A[1-8]\z/
    ["#{page}(#{section})", "https://man7.org/linux/man-pages/man#{section}/#{page}.#{section}.html"]
  end

  private

  def code?
    false
  end
end
