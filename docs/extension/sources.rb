# The repository's files, and the parts of them that have a name: Universal Ctags
# finds these.  A name that isn't there is an error, never an empty excerpt.

require 'json'
require 'open3'

class BookError < StandardError
end

module Sources
  ROOT = File.expand_path('../..', __dir__)

  LANGUAGES = {
    '.c' => 'c', '.h' => 'c', '.py' => 'python', '.rb' => 'ruby', '.sh' => 'bash', '.gp' => 'gnuplot',
    '.build' => 'python', '.patch' => 'diff', '.md' => 'markdown', '.json' => 'json', '.pl' => 'perl', '.go' => 'go'
  }.freeze

  # check's macros around a test, as C; and a prototype is a part as well.
  CTAGS = ['ctags', '--output-format=json', '--sort=no', '--fields=+neSK', '--kinds-C=+p', '--languages=C,Python,Sh', '--map-C=+.h',
           '-D', 'START_TEST(name)=static void name(int i) {', '-D', 'END_TEST=}', '-o', '-'].freeze

  # A named part: which lines, counted from 0, and where its comment begins.  Of some
  # small things ctags doesn't say the last line.
  Part = Struct.new(:name, :comment, :first, :last)

  @files = {}
  @tags = {}
  @linked = {}

  class << self
    # The files that the book links to, and the names in them: path => [name...].
    attr_reader :linked

    def lines(path)
      @files[path] ||= begin
        full = File.join(ROOT, path)
        raise BookError, "#{path}: no such file in the repository" unless File.file?(full)
        File.read(full, encoding: 'UTF-8').lines(chomp: true)
      end
    end

    def language(path)
      known = LANGUAGES[File.extname(path)]
      return known if known
      case lines(path).first
      when /^#!.*\bbash/ then 'bash'
      when /^#!.*\bpython/ then 'python'
      else 'text'
      end
    end

    # The part of that name.  Raises when it is gone, or when there are two.
    def find(path, name)
      found = parts(path, name)
      raise BookError, "#{path}: there is nothing named '#{name}' in it" if found.empty?
      raise BookError, "#{path}: '#{name}' is there #{found.size} times" if found.size > 1
      found.first
    end

    # The text of the parts of those names, in that order; all of it for none.
    def excerpt(path, names, comments: true)
      return lines(path) if names.empty?
      names.map do |name|
        part = find(path, name)
        raise BookError, "#{path}: where '#{name}' ends can't be found" unless part.last
        lines(path)[(comments ? part.comment : part.first)..part.last]
      end.inject { |all, part| all + [''] + part }
    end

    # Where a page of the book links to, from the book's own folder.
    def link(path, name = nil)
      lines(path)
      anchor = name && name != 'header' ? "##{anchor(name)}" : ''
      find(path, name) if name
      @linked[path] = (@linked[path] || []) | [name].compact
      "source/#{path}.html#{anchor}"
    end

    # A name as the id of an element: `struct connection` has a blank in it.
    def anchor(name)
      name.gsub(/[^A-Za-z0-9_]+/, '-')
    end

    # Everything in a file that can be named: [[name, line from 0]...], and twice
    # what is declared before it is defined.
    def names(path)
      tags(path).reject { |tag| tag['name'].start_with?('__anon') }.map { |tag| [called(tag), tag['line'] - 1] }
    end

    private

    # What is not inside of something else; of an enum also what it lists.
    def tags(path)
      @tags[path] ||= begin
        lines(path)
        text, errors, status = Open3.capture3(*CTAGS, path, chdir: ROOT)
        raise BookError, "ctags: #{errors}" unless status.success?
        all = text.lines.map { |line| JSON.parse(line) }
        all.each { |tag| tag.merge!(place_of_enum(tag, all)) if tag['kind'] == 'enumerator' }
        all.reject { |tag| tag['scope'] && tag['kind'] != 'enumerator' }
      end
    end

    def place_of_enum(tag, all)
      all.find { |other| other['kind'] == 'enum' && other['name'] == tag['scope'] }&.slice('line', 'end') || {}
    end

    def called(tag)
      %w[struct enum].include?(tag['kind']) ? "#{tag['kind']} #{tag['name']}" : tag['name']
    end

    def parts(path, name)
      return [header(path)] if name == 'header'
      found = tags(path).select { |tag| called(tag) == name }
      defined = found.reject { |tag| tag['kind'] == 'prototype' }
      (defined.empty? ? found : defined).map { |tag| part(path, tag) }
    end

    # The type of a long function stands in a line of its own, above its name.
    def part(path, tag)
      text = lines(path)
      first = tag['line'] - 1
      first -= 1 if tag['kind'] == 'function' && first.positive? && text[first - 1] =~ /^[A-Za-z_][\w \*]*$/
      Part.new(called(tag), comment_above(text, first), first, tag['end'] && tag['end'] - 1)
    end

    # Where the comment that stands right above a line begins; the line itself
    # where there is none.
    def comment_above(text, first)
      above = first - 1
      return first if above.negative?
      if text[above] =~ %r{^/\*.*\*/$} then above
      elsif text[above] =~ %r{\*/$}
        above.downto(0).find { |i| text[i] =~ %r{^/\*} } || first
      elsif text[above] =~ /^(#|@)/ && text[above] !~ /^#(include|define|if|endif|else|!)/
        above -= 1 while above.positive? && text[above - 1] =~ /^(#|@)/ && text[above - 1] !~ /^#!/
        above
      else first
      end
    end

    # The comment that a file opens with.
    def header(path)
      text = lines(path)
      first = text.index { |line| line =~ %r{^(/\*|# |""")} } || 0
      last = case text[first]
             when %r{^/\*} then (first...text.size).find { |i| text[i] =~ %r{\*/} }
             when /^"""/ then ((first + 1)...text.size).find { |i| text[i] =~ /"""/ }
             else (first...text.size).take_while { |i| text[i] =~ /^#/ }.last
             end
      raise BookError, "#{path}: it opens with no comment" unless last
      Part.new('header', first, first, last)
    end
  end
end
