# The slides of a lecture, and the same slides with the speaker's notes.
#
# A slide is a section of docs/teaching/lecture-*.adoc.  It ends with its notes,
# which are not on the slide; the number says how many minutes it takes:
#
#     [notes,3]
#     --
#     What to say, and what to expect when you ask.
#     --

require 'asciidoctor'
require 'asciidoctor/extensions'
require_relative 'sources'

class NotesBlock < Asciidoctor::Extensions::BlockProcessor
  use_dsl
  named :notes
  on_context :open
  name_positional_attributes 'minutes'

  Notes = Struct.new(:minutes, :lines)
  @of = {}

  class << self
    # Of the lecture that is loaded: id of the slide => Notes.
    attr_accessor :of
  end

  def process(parent, reader, attributes)
    NotesBlock.of[parent.id] = Notes.new(attributes['minutes'].to_i, reader.lines)
    nil
  end
end

# One lecture: what makes its two PDFs, and what is wrong with its slides.
class Lecture
  LINES = 17    # of code, so that it can be read from the last row
  COLUMNS = 80
  PICTURES = 72 # dots per inch of a slide in the notes

  attr_reader :name, :wrong

  def initialize(file, document)
    @name = File.basename(file, '.adoc')
    @document = document
    @notes = NotesBlock.of
    @wrong = []
  end

  def slides
    @document.sections
  end

  def write(target)
    pages = @document.convert
    pages.render_file(target)
    check(pages.page_count)
  end

  # Print a lecture for the teacher: a row per slide, its picture beside its notes.
  def notes_source(slides_pdf, folder)
    pictures = draw(slides_pdf, folder)
    clock = 0
    rows = slides.each_with_index.flat_map do |slide, i|
      notes = @notes.fetch(slide.id)
      from = clock
      clock += notes.minutes
      ["a|image::#{pictures[i + 1]}[pdfwidth=100%]", "a|*#{time(from)}*, slide #{i + 1}, #{notes.minutes} min", '', *notes.lines, '']
    end
    ["= #{@document.doctitle}: slides and notes", ':notitle!:', '', "[cols=\"10,9\",frame=none,grid=rows]", '|===', *rows, '|===']
  end

  private

  def time(minutes)
    format('%d:%02d', minutes / 60, minutes % 60)
  end

  # The title takes the first page, and each slide one.
  def check(pages)
    slides.each_cons(2) do |slide, following|
      used = following.attr('pdf-page-start').to_i - slide.attr('pdf-page-start').to_i
      complain(slide, "takes #{used} pages") if used != 1
    end
    complain(slides.last, 'takes more than a page') if pages != slides.last.attr('pdf-page-start').to_i
    slides.each { |slide| check_slide(slide) }
  end

  def check_slide(slide)
    complain(slide, 'has no notes') unless @notes.key?(slide.id)
    slide.find_by(context: :listing).each do |listing|
      lines = listing.lines
      complain(slide, "has #{lines.size} lines of code; #{LINES} fit") if lines.size > LINES
      widest = lines.map(&:size).max.to_i
      complain(slide, "has a line of #{widest} columns; #{COLUMNS} fit") if widest > COLUMNS
    end
  end

  def complain(slide, what)
    @wrong << "docs/teaching/#{@name}.adoc: the slide \"#{slide.title}\" #{what}"
  end

  # Each page of the PDF as a picture.
  def draw(slides_pdf, folder)
    system('pdftoppm', '-r', PICTURES.to_s, '-png', slides_pdf, File.join(folder, @name)) or
      raise BookError, "pdftoppm: it can't draw #{slides_pdf}"
    Dir[File.join(folder, "#{@name}-*.png")].sort
  end
end
