# Links to what proves a sentence, written as short macros:
#
#     claim:NAME[]   a statement about the kernel: a test in tests/kernel
#     case:NAME[]    a case of tests/conformance, by the name that it prints
#     break:NAME[]   a server broken on purpose: a patch in tests/breaks
#     src:PATH[NAME] a file of the repository, or a named part of it
#     man:NAME[7]    a manual page
#
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
  def resolve(name, _attributes)
    path, part = self.class.places[name]
    raise BookError, "#{self.name}:#{name}[]: there is no such #{self.name} in tests/" unless path
    [name, Sources.link(path, part)]
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

  private

  # On the screen book.css sets it apart from its sentence; on paper nothing else does.
  def printed(name, document)
    document.backend == 'pdf' ? "[✓&#160;#{super}]" : super
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
