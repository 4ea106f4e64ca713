# The repository's files, and the parts of them that have a name.
#
# A part is found by how this code base is written (CONTRIBUTING.md, and
# clang-format sees to it): what has a name begins in the first column, and a
# function ends with a brace there.  So a few patterns do, and no parser is
# needed; a name that they don't find is an error, never an empty excerpt.

class BookError < StandardError
end

module Sources
  ROOT = File.expand_path('../..', __dir__)

  LANGUAGES = {
    '.c' => 'c', '.h' => 'c', '.py' => 'python', '.rb' => 'ruby', '.sh' => 'bash', '.gp' => 'gnuplot',
    '.build' => 'python', '.patch' => 'diff', '.md' => 'markdown', '.json' => 'json', '.pl' => 'perl', '.go' => 'go'
  }.freeze

  # A named part: which lines, counted from 0, and where its comment begins.
  Part = Struct.new(:name, :comment, :first, :last)

  @files = {}
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
      found = lines(path).each_with_index.map do |line, i|
        name = named_by(line)
        [name, i] if name
      end
      found.compact
    end

    private

    def named_by(line)
      case line
      when /^START_TEST\((\w+)\)/, /^#define (\w+)/, /^(?:async )?(?:def|class) (\w+)/, /^(\w+)\(\) \{$/
        Regexp.last_match(1)
      when /^(?:static |const )*((?:struct|enum) \w+) \{?$/ then Regexp.last_match(1)
      when /^[A-Za-z_][\w \*]*?\b(\w+)\(/ then Regexp.last_match(1)
      when /^(?:static|extern|const) .*?\b(\w+)(?:\[.*\])*(?: =.*)?[;,]?$/ then Regexp.last_match(1)
      end
    end

    def parts(path, name)
      return [header(path)] if name == 'header'
      text = lines(path)
      word = Regexp.escape(name)
      c = language(path) != 'python' # and whatever else has braces
      kinds = [
        -> { spans(text, /^START_TEST\(#{word}\)/, /^END_TEST/) },
        -> { c ? functions(text, word) : [] },
        -> { name =~ /^(struct|enum) / ? spans(text, /^(static |const )*#{word} \{/, /^\}.*;$/) : [] },
        -> { spans(text, /^(async )?(def|class) #{word}\b/, nil) },
        -> { spans(text, /^#{word}\(\) \{/, /^\}/) },
        -> { spans(text, /^#define #{word}\b/, /[^\\]$/) },
        -> { spans(text, /^[A-Za-z_][^(]*\b#{word}\(/, /;(\s*\/\*.*)?$/) },
        -> { c ? spans(text, /^[A-Za-z_][^(=\/]*\b#{word}\b(?:\[.*?\])*\s*[=;,}]/, /;(\s*\/\*.*)?$/) : [] },
        -> { spans(text, /^#{word}\s*=/, /^(?=[^\s\]\})])|[\]\})]$|[^,(\[{\\]$/) }
      ]
      kinds.each do |kind|
        found = kind.call
        return found.map { |first, last| Part.new(name, comment_above(text, first), first, last) } if found.any?
      end
      []
    end

    # A C function: its name in a line that begins in the first column, and a
    # body before any semicolon.
    def functions(text, word)
      text.each_index.select { |i| text[i] =~ /^[A-Za-z_].*\b#{word}\(/ }.map do |i|
        body = (i...text.size).find { |j| text[j] =~ /^\{|\{$|;$|^$/ }
        next unless body && text[body] =~ /^\{|\{$/
        last = (body...text.size).find { |j| text[j] =~ /^\}/ }
        first = i.positive? && text[i - 1] =~ /^[A-Za-z_][\w \*]*$/ ? i - 1 : i
        [first, last] if last
      end.compact
    end

    # From each line that opens to the next one that closes.  Where indentation
    # is the bracket (Python) there is nothing that closes.
    def spans(text, opens, closes)
      text.each_index.select { |i| text[i] =~ opens }.map do |first|
        last = if closes
                 (first...text.size).find { |j| text[j] =~ closes }
               else
                 deeper = ((first + 1)...text.size).take_while { |j| text[j] =~ /^(\s|$|[)\]}])/ }
                 [first, *deeper].reverse.find { |j| text[j] !~ /^$/ }
               end
        [first, last] if last
      end.compact
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
