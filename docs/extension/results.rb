# What a run of the benchmark measured, as docs/results.py has prepared it:
#
#     figure:KEY[]          a number, in words
#     result::EXPERIMENT[]  what the run found
#     explanation::EXPERIMENT[]  what its counters say about the reason
#     table::KEY[]          a table
#     experiments::all[]    all experiments in words
#     published::all[]      published results, and what this run says about each
#     chart::NAME[alt=...]  a chart; panel=1 shows its first panel alone
#
# and picture::NAME[alt=...], a drawing of the book's own.  An unknown key is an
# error; what this run has not measured says so in its place.

require 'asciidoctor'
require 'asciidoctor/extensions'
require 'json'
require_relative 'sources'

module Results
  class << self
    # results.json; see docs/results.py.
    def load(path)
      @results = JSON.parse(File.read(path))
    end

    def fetch(kind, key)
      (@results || {}).fetch(kind).fetch(key)
    rescue KeyError
      raise BookError, "#{kind}: '#{key}' is no such key; docs/results.py --list has them all"
    end
  end
end

# Text that comes from elsewhere stands for itself: no mark in it is AsciiDoc.
module Verbatim
  def verbatim(text)
    "pass:c[#{text.to_s.gsub(']', '\\]')}]"
  end
end

# A block macro that becomes other blocks; an error names its place.
class ResultMacro < Asciidoctor::Extensions::BlockMacroProcessor
  use_dsl
  include Asciidoctor::Logging
  include Verbatim

  def process(parent, target, attributes)
    make(parent, target, attributes)
  rescue BookError => e
    logger.error(message_with_context(e.message, source_location: parent.document.reader.cursor_at_prev_line))
    nil
  end

  private

  def parse(parent, lines)
    parse_content(parent, lines)
    nil
  end
end

class FigureMacro < Asciidoctor::Extensions::InlineMacroProcessor
  use_dsl
  include Asciidoctor::Logging
  named :figure

  def process(parent, key, _attributes)
    text = parent.apply_subs(Results.fetch('figures', key), [:specialcharacters])
    create_inline(parent, :quoted, text, type: :unquoted, attributes: { 'role' => 'figure' })
  rescue BookError => e
    logger.error(message_with_context(e.message, source_location: parent.source_location))
    create_inline(parent, :quoted, key, type: :unquoted)
  end
end

class ResultOfExperimentMacro < ResultMacro
  named :result

  NOTHING = 'Nothing can be said here: this run has not measured it.'.freeze

  private

  def make(parent, experiment, _attributes)
    said = Results.fetch(name.to_s, experiment)
    parse(parent, ["[.#{name}]", verbatim(said.empty? ? self.class::NOTHING : said)])
  end
end

class ExplanationMacro < ResultOfExperimentMacro
  named :explanation

  NOTHING = ''.freeze
end

# experiments::all[]: each experiment, what it asks, holds fixed and expects.
class ExperimentsMacro < ResultMacro
  named :experiments

  private

  def make(parent, _target, _attributes)
    rows = Results.fetch('tables', 'experiments')['rows']
    parse(parent, rows.flat_map do |name, asks, fixed, expects|
      ["`#{name}`:: *#{verbatim(asks)}* #{verbatim(fixed)} _Expected:_ #{verbatim(expects)}"]
    end)
  end
end

# published::all[]: a table whose cells are text.
class PublishedMacro < ResultMacro
  named :published

  private

  def make(parent, _target, _attributes)
    rows = Results.fetch('tables', 'published')['rows'].flat_map do |source, claim, setup, ours, verdict|
      said = [claim, setup].reject(&:empty?).map { |text| verbatim(text) }.join(' ')
      ["|*#{verbatim(source)}*: #{said} |#{verbatim(ours)} |*#{verbatim(verdict)}*"]
    end
    parse(parent, ['.Claims we tested', '[%header.claims,cols="5,4,2"]', '|===',
                   '|published |this run |verdict', '', *rows, '|==='])
  end
end

class TableMacro < ResultMacro
  named :table

  private

  def make(parent, key, _attributes)
    table = Results.fetch('tables', key)
    head, *rows = [table['columns'], *table['rows']].map { |row| row.map { |cell| "|#{verbatim(cell)}" } }
    columns = ['<', *Array.new(head.size - 1, '>')]
    parse(parent, [".#{verbatim(table['title'])}", "[%header%autowidth.results,cols=\"#{columns.join(',')}\"]", '|===',
                   head.join(' '), '', *rows.flat_map { |row| [row.join(' ')] }, '|==='])
  end
end

# An image that is read by eye says in words what it shows.
class ImageMacro < ResultMacro
  private

  def make(parent, name, attributes)
    raise BookError, "#{self.name}::#{name}[]: it has no alt text" if attributes['alt'].to_s.empty?
    html = parent.document.backend != 'pdf'
    target = html ? "#{parent.document.attr('tobook')}#{place(name)}" : paper(parent.document, name)
    attributes = attributes.merge('target' => target, 'role' => self.name.to_s, 'pdfwidth' => width(parent, attributes))
    create_image_block(parent, attributes)
  end

  def paper_width(_parent)
    '100%'
  end

  # A picture on a slide, or on the front page, says how wide it is.
  def width(parent, attributes)
    attributes['pdfwidth'] || paper_width(parent)
  end

  # For paper the drawings are turned into pixels, enough of them for print.
  def paper(document, name)
    document.attr('paper') + "/#{place(name)}.png"
  end
end

class ChartMacro < ImageMacro
  named :chart

  private

  # panel=N: that panel alone, as a chart of its own.
  def make(parent, name, attributes)
    return super(parent, [name, attributes['panel']].compact.join('.'), attributes) if Results.fetch('chart', name)
    parse(parent, ["_(There is no chart `#{name}`: this run has not measured it.)_"])
  end

  def place(name)
    "charts/#{name}.svg"
  end
end

class PictureMacro < ImageMacro
  named :picture

  private

  def place(name)
    drawn = File.file?(File.join(Sources::ROOT, 'docs/pictures', "#{name}.svg"))
    raise BookError, "picture::#{name}[]: docs/pictures has no #{name}.svg" unless drawn
    "pictures/#{name}.svg"
  end

  # The letters of a drawing are about as large as those of the text around it;
  # in a table they are as wide as its column.
  def paper_width(parent)
    parent.document.nested? ? '90%' : '60%'
  end
end
