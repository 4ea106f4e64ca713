# From AsciiDoc to the book: docs/build runs this with everything that it needs
# made ready.
#
#     convert   chapters to HTML and PDF with the extension of this folder
#     pages     one HTML file cut into a page a chapter, each in its frame
#     source_pages  the files of the repository that the book links to

require 'fileutils'
require 'logger'
require 'optparse'
require_relative 'code'
require_relative 'links'
require_relative 'pages'
require_relative 'paper'
require_relative 'results'
require_relative 'session'
require_relative 'source_pages'

Asciidoctor::Extensions.register do
  include_processor CodeInclude
  include_processor DiffInclude
  inline_macro ProofMarks # before those that it consists of
  [ClaimMacro, CaseMacro, BreakMacro, SourceMacro, ManualMacro, FigureMacro].each { |macro| inline_macro macro }
  [ResultOfExperimentMacro, ExplanationMacro, ExperimentsMacro, PublishedMacro, TableMacro].each { |macro| block_macro macro }
  [ChartMacro, PictureMacro].each { |macro| block_macro macro }
  block SessionBlock
end

# Asciidoctor's messages, each once: any of them is a reason not to publish.
class Complaints < ::Logger
  attr_reader :lines
  attr_accessor :ignored

  def initialize
    super(nil)
    self.level = INFO # where a reference that leads nowhere is told of
    @lines = []
  end

  def add(_severity, message = nil, program = nil)
    message ||= block_given? ? yield : program
    text = message.is_a?(Hash) ? message.inspect : message.to_s # with its file and line
    text = text.gsub("#{Sources::ROOT}/", '').sub(/\A<stdin>: /, '')
    @lines << text unless @lines.include?(text) || ignored&.match?(text)
    true
  end

  def max_severity
    nil
  end
end

class Book
  BOOK = File.join(Sources::ROOT, 'docs/book')

  def initialize(work, output)
    @work = work
    @output = output
    @complaints = Complaints.new
    Asciidoctor::LoggerManager.logger = @complaints
  end

  # A chapter alone refers to others that aren't there.
  def draft!
    @complaints.ignored = /possible invalid reference/
  end

  # A document of docs/ as HTML without a frame, and the document itself.
  def html(file, attributes = {})
    document = load(file, 'html5', attributes)
    [document.convert, document]
  end

  def pdf(file, target)
    require 'asciidoctor-pdf'
    attributes = { 'pdf-theme' => 'book', 'pdf-themesdir' => File.join(Sources::ROOT, 'docs/style'),
                   'rouge-style' => 'paper', 'paper' => File.join(@work, 'paper'), 'toc' => '', 'toclevels' => '2' }
    load(file, 'pdf', attributes).convert.render_file(target)
  end

  # Is all well?  If not, say what isn't.
  def complain
    @complaints.lines.each { |line| warn line }
    return true if @complaints.lines.empty?
    count = @complaints.lines.size
    warn "The book was not built: #{count == 1 ? 'this is' : "these #{count} are"} to be mended first."
    false
  end

  private

  def load(file, backend, attributes)
    common = {
      'sectanchors' => nil, 'icons' => 'font', 'source-highlighter' => 'rouge', 'rouge-css' => 'class',
      'xrefstyle' => 'short', 'chapter-refsig' => 'chapter', 'appendix-refsig' => 'appendix', 'section-refsig' => 'section',
      'figure-caption' => nil, 'table-caption' => nil, 'listing-caption' => nil, 'example-caption' => nil,
      'idprefix' => '', 'idseparator' => '-', 'tobook' => '', 'experimental' => '', 'attribute-missing' => 'warn',
      'last-update-label' => nil, 'compat-mode' => nil
    }
    Asciidoctor.load_file(file, backend: backend, safe: :unsafe, standalone: backend == 'pdf', sourcemap: true,
                                attributes: common.merge(attributes))
  end
end

# What docs/build has made ready, and what is wanted.
options = { work: nil, output: nil, chapter: nil, pdf: true }
OptionParser.new do |parser|
  parser.on('--work DIR') { |value| options[:work] = value }
  parser.on('--output DIR') { |value| options[:output] = value }
  parser.on('--chapter FILE') { |value| options[:chapter] = File.expand_path(value) }
  parser.on('--no-pdf') { options[:pdf] = false }
end.parse!

work, output = options.values_at(:work, :output)
begin
  Results.load(File.join(work, 'results/results.json'))
  book = Book.new(work, output)
  pages = Pages.new(output)
  if options[:chapter]
    book.draft!
    pages.write_draft(*book.html(options[:chapter]))
  else
    Frame.pdf = 'four-ways-to-wait.pdf' if options[:pdf]
    pages.write_book(*book.html(File.join(Book::BOOK, 'book.adoc')))
    teaching = File.join(Sources::ROOT, 'docs/teaching')
    pages.write_teaching('plan', *book.html(File.join(teaching, 'plan.adoc'), 'tobook' => '../'))
    pages.write_teaching('exercises', *book.html(File.join(teaching, 'exercises.adoc'), 'tobook' => '../'))
    with_answers = { 'tobook' => '../', 'answers' => '' }
    pages.write_teaching('answers', *book.html(File.join(teaching, 'exercises.adoc'), with_answers))
    book.pdf(File.join(Book::BOOK, 'book.adoc'), File.join(output, Frame.pdf)) if options[:pdf]
  end
  SourcePages.new(output).write
  exit 1 unless book.complain
rescue BookError => e
  warn "docs/build: #{e.message}"
  exit 1
end
