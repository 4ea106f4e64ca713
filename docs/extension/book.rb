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
require_relative 'slides'
require_relative 'source_pages'

Asciidoctor::Extensions.register do
  include_processor CodeInclude
  include_processor DiffInclude
  inline_macro ProofMarks # before those that it consists of
  [ClaimMacro, CaseMacro, BreakMacro, SourceMacro, ManualMacro, FigureMacro].each { |macro| inline_macro macro }
  [ResultOfExperimentMacro, ExplanationMacro, ExperimentsMacro, PublishedMacro, TableMacro].each { |macro| block_macro macro }
  [ChartMacro, PictureMacro].each { |macro| block_macro macro }
  block SessionBlock
  block NotesBlock
end

# Asciidoctor's messages, each once: any of them is a reason not to publish.
class Complaints < ::Logger
  attr_reader :lines
  attr_accessor :ignored

  def initialize
    super(nil)
    self.level = INFO # the level at which broken references are reported
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
    load(file, 'pdf', on_paper('book').merge('toc' => '', 'toclevels' => '2')).convert.render_file(target)
  end

  # A lecture as lecture-N.pdf, to show, and lecture-N-notes.pdf, to hold.
  def slides(file, folder)
    NotesBlock.of = {}
    lecture = Lecture.new(file, load(file, 'pdf', on_paper('slides').merge('doctype' => 'book', 'sectids' => '')))
    target = File.join(folder, "#{lecture.name}.pdf")
    lecture.write(target)
    lecture.wrong.each { |line| @complaints.error(line) }
    return unless lecture.wrong.empty?
    notes = File.join(@work, "#{lecture.name}-notes.adoc")
    File.write(notes, lecture.notes_source(target, @work).join("\n"))
    load(notes, 'pdf', on_paper('notes')).convert.render_file(File.join(folder, "#{lecture.name}-notes.pdf"))
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

  def on_paper(theme)
    require 'asciidoctor-pdf'
    { 'pdf-theme' => theme, 'pdf-themesdir' => File.join(Sources::ROOT, 'docs/style'),
      'rouge-style' => 'paper', 'paper' => File.join(@work, 'paper') }
  end

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
options = { work: nil, output: nil, chapter: nil, pdf: true, slides: false, students: false }
OptionParser.new do |parser|
  parser.on('--work DIR') { |value| options[:work] = value }
  parser.on('--output DIR') { |value| options[:output] = value }
  parser.on('--chapter FILE') { |value| options[:chapter] = File.expand_path(value) }
  parser.on('--no-pdf') { options[:pdf] = false }
  parser.on('--slides') { options[:slides] = true }
  parser.on('--for-students') { options[:students] = true }
end.parse!

work, output = options.values_at(:work, :output)
begin
  Results.load(File.join(work, 'results/results.json'))
  book = Book.new(work, output)
  pages = Pages.new(output, for_students: options[:students])
  teaching = File.join(Sources::ROOT, 'docs/teaching')
  lectures = Dir[File.join(teaching, 'lecture-*.adoc')].sort
  if options[:slides]
    (options[:chapter] ? [options[:chapter]] : lectures).each { |file| book.slides(file, output) }
  elsif options[:chapter]
    book.draft!
    pages.write_draft(*book.html(options[:chapter]))
  else
    Frame.pdf = 'four-ways-to-wait.pdf' if options[:pdf]
    Frame.plan = !options[:students] && File.exist?(File.join(teaching, 'plan.adoc'))
    pages.write_book(*book.html(File.join(Book::BOOK, 'book.adoc')))
    # Without the answers, there is no page of them.
    known = !options[:students] && File.exist?(File.join(teaching, 'answers/exercises.adoc'))
    answers = known ? { 'answers' => '' } : {}
    write_teaching = lambda do |name, file, attributes|
      html = book.html(File.join(teaching, file), { 'tobook' => '../' }.merge(attributes))
      pages.write_teaching(name, *html)
    end
    write_teaching.call('plan', 'plan.adoc', options[:pdf] ? answers.merge('slides' => '') : answers) if Frame.plan
    write_teaching.call('exercises', 'exercises.adoc', {})
    write_teaching.call('answers', 'exercises.adoc', answers) if known
    if options[:pdf]
      book.pdf(File.join(Book::BOOK, 'book.adoc'), File.join(output, Frame.pdf))
      lectures.each { |file| book.slides(file, File.join(output, 'teaching')) }
    end
  end
  SourcePages.new(output).write(without: options[:students] ? Bugs::FOLDER : nil) unless options[:slides]
  exit 1 unless book.complain
rescue BookError => e
  warn "docs/build: #{e.message}"
  exit 1
end
