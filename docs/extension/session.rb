# A [session] block: shell commands, and what they print.  docs/record.py runs them
# and says what the lines of a block mean; here its record is shown.

require 'asciidoctor'
require 'asciidoctor/extensions'
require 'rouge'
require_relative 'sources'

module Sessions
  class << self
    # Commands and output of the block of a chapter that has these lines.
    def shown(chapter, lines)
      block = blocks(chapter).find { |recorded| recorded.reject { |line| line.start_with?('|') } == lines }
      raise BookError, "there is no record of this session: docs/record.py #{chapter}" unless block
      hidden = false
      block.filter_map do |line|
        hidden = line.start_with?('%') if line =~ /^[$%]/
        line.sub(/\A\| ?/, '') if line =~ /^[$>|]/ && !hidden
      end
    end

    private

    # docs/book/NAME.adoc has its record in docs/sessions/NAME.txt.
    def blocks(chapter)
      record = File.expand_path("../../sessions/#{File.basename(chapter, '.adoc')}.txt", chapter)
      return [] unless File.file?(record)
      File.read(record, encoding: 'UTF-8').split(/^\[session.*\]\n/).map { |text| text.lines(chomp: true).reject(&:empty?) }
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
    place = reader.cursor
    shown = begin
      Sessions.shown(place.file || attributes['docfile'], reader.lines.reject(&:empty?))
    rescue BookError => e
      logger.error(message_with_context("session: #{e.message}", source_location: place))
      []
    end
    role = ['session', attributes['role']].compact.join(' ')
    create_listing_block(parent, shown, attributes.merge('style' => 'source', 'language' => 'session', 'subs' => 'specialcharacters', 'role' => role))
  end
end
