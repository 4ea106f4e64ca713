# The colours of code on paper; those of the pages are in docs/style/book.css.

require 'rouge'

class PaperTheme < Rouge::CSSTheme
  name 'paper'

  style Text, fg: '#1c232e'
  style Comment, fg: '#5b6675'
  style Comment::Preproc, fg: '#9a3412'
  style Keyword, fg: '#7a2e8c'
  style Keyword::Type, Name::Function, Name::Class, Name::Constant, fg: '#0b5394'
  style Literal::Number, fg: '#9a3412'
  style Literal::String, fg: '#1f6f2f'
  style Generic::Prompt, fg: '#566070'
  style Generic::Output, fg: '#1c232e'
  style Generic::Inserted, fg: '#1b6b2f', bg: '#e5f5e8'
  style Generic::Deleted, fg: '#9b1c1c', bg: '#fdeaea'
  style Generic::Heading, Generic::Subheading, fg: '#0b5394'
end
