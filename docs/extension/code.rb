# include::code:FILE[NAME,...] and include::diff:FILE[OTHER]: source text in the
# book, taken from the repository while the book is built.

require 'asciidoctor'
require 'asciidoctor/extensions'
require 'open3'
require 'tempfile'
require_relative 'sources'

# What both do: a titled listing of lines in the place of the include, or an
# error that tells where the book asks for what isn't there.
module Listing
  include Asciidoctor::Logging
  FENCE = '-' * 40

  def push_listing(reader, path)
    title, language, lines = yield
    listing = [".#{title}", "[source,#{language}]", FENCE, *lines, FENCE]
    reader.push_include(listing.join("\n"), path, path, 1, {})
  rescue BookError => e
    logger.error(message_with_context(e.message, source_location: reader.cursor_at_prev_line))
    reader.push_include('', path, path, 1, {})
  end

  def names_in(text)
    (text || '').split(',').map(&:strip).reject(&:empty?)
  end

  def title_of(path, names)
    [["src:#{path}[]"], names.map { |name| "src:#{path}[#{name}]" }].reject(&:empty?).map { |part| part.join(', ') }.join(': ')
  end
end

# The parts of a file that have these names.  mark="text|text" puts the numbers
# of callouts behind the lines with these texts; a | in one is written \|.
class CodeInclude < Asciidoctor::Extensions::IncludeProcessor
  include Listing

  def handles?(target)
    target.start_with?('code:')
  end

  def process(_document, reader, target, attributes)
    path = target.delete_prefix('code:')
    push_listing(reader, path) do
      unknown = attributes.keys.grep(String) - %w[mark comment title]
      raise BookError, "#{path}: there is no #{unknown.join(', ')} here; mark, comment, title" if unknown.any?
      names = attributes.select { |key, _| key.is_a?(Integer) }.sort.flat_map { |_, name| names_in(name) }
      text = Sources.excerpt(path, names, comments: attributes['comment'] != 'no')
      [attributes['title'] || title_of(path, names - ['header']), Sources.language(path),
       mark(path, text, marks_in(attributes['mark']))]
    end
  end

  private

  def marks_in(list)
    list.to_s.split(/(?<!\\)\|/).map { |text| text.gsub('\|', '|') }
  end

  def mark(path, text, marks)
    text = text.dup
    shown = text.dup
    marks.each_with_index do |words, i|
      at = shown.each_index.select { |line| shown[line].include?(words) }
      if at.size != 1
        raise BookError, "#{path}: the mark '#{words}' must be in one of the lines shown; it is in #{at.size}"
      end
      text[at.first] += " <#{i + 1}>"
    end
    text
  end
end

# What diff -u says of two files, or of the functions of these names in them.
class DiffInclude < Asciidoctor::Extensions::IncludeProcessor
  include Listing

  def handles?(target)
    target.start_with?('diff:')
  end

  def process(_document, reader, target, attributes)
    old = target.delete_prefix('diff:')
    push_listing(reader, old) do
      new = attributes[1] or raise BookError, "diff:#{old}[]: which other file?"
      names = names_in(attributes['functions'])
      text = compare(old, new, names)
      raise BookError, "#{old} and #{new} don't differ in #{names.join(', ')}" if text.empty?
      [attributes['title'] || "From #{title_of(old, [])} to #{title_of(new, names)}", 'diff', text]
    end
  end

  private

  def compare(old, new, names)
    return unified(Sources.lines(old), Sources.lines(new)) if names.empty?
    names.map do |name|
      both = [old, new].map { |path| Sources.excerpt(path, [name]) }
      unified(*both, context: 99).reject { |line| line.start_with?('@@') }
    end.inject { |all, part| all + [''] + part }
  end

  # The lines of diff -u without the two that name its files.
  def unified(old, new, context: 3)
    files = [old, new].map do |lines|
      Tempfile.new('part').tap do |file|
        file.write(lines.join("\n"), "\n")
        file.close
      end
    end
    text, errors, status = Open3.capture3('diff', "-U#{context}", *files.map(&:path))
    raise BookError, "diff: #{errors}" if status.exitstatus > 1
    text.lines(chomp: true).drop(2)
  ensure
    files&.each(&:unlink)
  end
end
