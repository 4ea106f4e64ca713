# A [session] block: shell commands that are run while the book is built, and
# what they print is what is shown.
#
#     $ COMMAND   run and shown; a line that ends in \ goes on in one with "> "
#     % COMMAND   run, and not shown: to wait, or to tidy up
#     ? TEXT      what the last command printed must contain this
#     ! STATUS    the last command is expected to end with this status
#
# Blocks with the same name, [session,NAME], share one shell.

require 'asciidoctor'
require 'asciidoctor/extensions'
require 'io/wait'
require 'rouge'
require 'securerandom'
require_relative 'sources'

# A bash that is fed one command after the other.
class Shell
  SECONDS = 60 # for one command; a build with a loaded machine takes its time

  # await TEXT FILE: until the file has the text, for half a minute at most.
  PRELUDE = <<~'BASH'.freeze
    await() {
        local tries
        for tries in $(seq 600); do
            if grep -qF -- "$1" "$2" 2>/dev/null; then return 0; fi
            sleep 0.05
        done
        cat "$2"
        echo "waited for '$1' in $2 and it did not come" >&2
        return 1
    }
  BASH

  # Without the logs of an earlier session: await would find what those say.
  def initialize(folder)
    Dir[File.join(folder, '*.log')].each { |log| File.unlink(log) }
    @input, shell_input = IO.pipe.reverse
    @output, shell_output = IO.pipe
    environment = { 'LC_ALL' => 'C.UTF-8', 'TERM' => 'dumb', 'COLUMNS' => '76' }
    @pid = Process.spawn(environment, 'bash', '--noprofile', '--norc', in: shell_input, out: shell_output, err: shell_output,
                                                                  chdir: folder, pgroup: true, close_others: true)
    [shell_input, shell_output].each(&:close)
    run(PRELUDE)
  end

  # Returns what the command printed, on stdout and stderr, and its status.
  def run(command)
    mark = SecureRandom.hex(8)
    @input.write("{ #{command}\n} </dev/null\nprintf '%s %s\\n' #{mark} $?\n")
    text = +''
    until text =~ /#{mark} \d+\n\z/
      raise BookError, "`#{command}` did not end within #{SECONDS} seconds; it printed: #{text}" unless @output.wait_readable(SECONDS)
      text << @output.readpartial(1 << 16)
    end
    text.force_encoding('UTF-8').scrub!
    [text.sub(/#{mark} \d+\n\z/, ''), text[/#{mark} (\d+)\n\z/, 1].to_i]
  rescue EOFError
    raise BookError, "`#{command}` ended the shell; it printed: #{text}"
  end

  # Whatever it has started ends with it, and has ended when this returns: the
  # next session wants the same port.
  def close
    Process.kill('KILL', -@pid)
    Process.wait(@pid)
    sleep 0.01 while started_anything_alive?
  rescue Errno::ESRCH, Errno::ECHILD
    nil
  ensure
    [@input, @output].each(&:close)
  end

  private

  # A look at the process group, see proc(5): nobody but bash is ours to wait
  # for. Who has ended but was not waited for (Z) holds no port.
  def started_anything_alive?
    Dir['/proc/[0-9]*/stat'].any? do |file|
      state, _parent, group = File.read(file)[/.*\) (.*)/m, 1].split
      group.to_i == @pid && !%w[Z X].include?(state)
    rescue Errno::ENOENT, Errno::ESRCH
      false
    end
  end
end

module Sessions
  Step = Struct.new(:kind, :command, :texts, :status)

  @shells = {}
  @shown = {}

  class << self
    # The folder in which sessions run: a scratch copy of the repository.
    attr_accessor :folder

    # What to show for the block at a place.  Both HTML and PDF ask; it is run
    # once.
    def shown(place, name, lines)
      @shown[[place, name, lines]] ||= perform(name, steps(lines))
    end

    def close
      @shells.each_value(&:close)
      @shells.clear
    end

    private

    def steps(lines)
      steps = []
      lines.each do |line|
        raise BookError, "a session begins with a command, and not with: #{line}" if steps.empty? && line =~ /^[>?!]/
        case line
        when /^([$%]) (.*)/ then steps << Step.new(Regexp.last_match(1), [Regexp.last_match(2)], [], 0)
        when /^> (.*)/ then steps.last.command << Regexp.last_match(1)
        when /^\? (.*)/ then steps.last.texts << Regexp.last_match(1)
        when /^! ?(\d+)/ then steps.last.status = Regexp.last_match(1).to_i
        when '' then next
        else raise BookError, "a session's line begins with $, >, %, ? or !, and this one doesn't: #{line}"
        end
      end
      steps
    end

    def perform(name, steps)
      raise BookError, 'sessions need a folder to run in' unless folder
      shell = name ? (@shells[name] ||= Shell.new(folder)) : Shell.new(folder)
      steps.flat_map { |step| perform_step(shell, step) }
    ensure
      shell&.close unless name
    end

    def perform_step(shell, step)
      printed, status = shell.run(step.command.join("\n"))
      said = "`#{step.command.join(' ')}`"
      raise BookError, "#{said} ended with status #{status}, not #{step.status}; it printed:\n#{printed}" if status != step.status
      step.texts.each do |text|
        raise BookError, "#{said} printed nothing with '#{text}' in it, but:\n#{printed}" unless printed.include?(text)
      end
      return [] if step.kind == '%'
      ["$ #{step.command.first}", *step.command.drop(1).map { |line| "> #{line}" }, *printed.lines(chomp: true)]
    end
  end
end

# Colours for a session: a command behind its prompt, the rest as it was printed.
# (Rouge's own `console` takes a ; in the output for the end of a prompt.)
class SessionLexer < Rouge::RegexLexer
  tag 'session'

  state :root do
    rule(/^(\$ )(.*(?:\n> .*)*)/) do |match|
      token Generic::Prompt, match[1]
      match[2].split(/^(> )/).each do |part|
        part == '> ' ? token(Generic::Prompt, part) : delegate(shell, part)
      end
    end
    rule(/.+/, Generic::Output)
    rule(/\n/, Text)
  end

  private

  def shell
    @shell ||= Rouge::Lexers::Shell.new(options)
  end
end

class SessionBlock < Asciidoctor::Extensions::BlockProcessor
  use_dsl
  include Asciidoctor::Logging
  named :session
  on_context :listing
  name_positional_attributes 'shell'

  def process(parent, reader, attributes)
    chapter = File.basename(reader.cursor.path.to_s)
    name = attributes['shell'] && "#{chapter} #{attributes['shell']}"
    place = reader.cursor
    shown = begin
      Sessions.shown(place.to_s, name, reader.lines)
    rescue BookError => e
      logger.error(message_with_context("session: #{e.message}", source_location: place))
      []
    end
    role = ['session', attributes['role']].compact.join(' ')
    create_listing_block(parent, shown, attributes.merge('style' => 'source', 'language' => 'session', 'subs' => 'specialcharacters', 'role' => role))
  end
end
