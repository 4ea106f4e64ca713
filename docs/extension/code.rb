# include::code:FILE[NAME,...] and include::diff:FILE[OTHER]: source text in the
# book, taken from the repository while the book is built.

require 'asciidoctor'
require 'asciidoctor/extensions'
require 'open3'
require 'tempfile'
require_relative 'sources'

# What both do: a titled listing of lines in the place of the include, or an
# error that says where the book asks for something that doesn't exist.
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
# from="text" and to="text" show the lines between these alone; plain=yes leaves
# out what only narrates or counts.
class CodeInclude < Asciidoctor::Extensions::IncludeProcessor
  include Listing
  KNOWN = %w[mark comment title from to plain].freeze
  ASIDE = /^\s*(?:if \(narrating\)|narrate\w*\(|counters->)/

  def handles?(target)
    target.start_with?('code:')
  end

  def process(_document, reader, target, attributes)
    path = target.delete_prefix('code:')
    push_listing(reader, path) do
      unknown = attributes.keys.grep(String) - KNOWN
      raise BookError, "#{path}: there is no #{unknown.join(', ')} here; #{KNOWN.join(', ')}" if unknown.any?
      names = attributes.select { |key, _| key.is_a?(Integer) }.sort.flat_map { |_, name| names_in(name) }
      text = Sources.excerpt(path, names, comments: attributes['comment'] != 'no')
      text = between(path, text, attributes['from'], attributes['to'])
      text = plain(text) if attributes['plain']
      [attributes['title'] || title_of(path, names - ['header']), Sources.language(path),
       mark(path, text, marks_in(attributes['mark']))]
    end
  end

  private

  # The lines from one text to the next that follows it, as far left as they can be.
  def between(path, text, from, to)
    first = from ? line_with(path, text, from, 0) : 0
    last = to ? line_with(path, text, to, first) : text.size - 1
    shown = text[first..last]
    indent = shown.grep(/\S/).map { |line| line[/^ */].size }.min || 0
    shown.map { |line| line[indent..] || '' }
  end

  def line_with(path, text, words, first)
    (first...text.size).find { |i| text[i].include?(words) } or
      raise BookError, "#{path}: no line with '#{words}' is in what is to be shown"
  end

  # Without the statements, each of which may go over several lines, that only
  # narrate or count, and without two empty lines in a row.
  def plain(text)
    aside = false
    kept = text.reject do |line|
      aside ||= line.match?(ASIDE)
      aside.tap { aside = false if line.end_with?(';') }
    end
    kept.chunk_while { |line, following| line.empty? && following.empty? }.flat_map { |run| run.first.empty? ? [''] : run }
  end

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
