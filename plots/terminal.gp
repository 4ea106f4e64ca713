# The first panel of a chart in characters, for the end of a run.  Beside what
# common.gp lists it is given: columns, lines, colour (0 or 1), what, x and y, the
# names of the axes, and y_format.
#
# Each server has a letter; where two lie on one place, the later one is seen.

if (colour) {
    set terminal dumb noenhanced size columns, lines ansi256
} else {
    set terminal dumb noenhanced size columns, lines mono
}
letter(s) = s eq "select_server" ? "S" : s eq "poll_server" ? "P" \
    : s eq "epoll_lt_server" ? "L" : s eq "epoll_et_server" ? "E" \
    : sprintf("%d", sum [i = 1:words(servers)] (word(servers, i) eq s ? i : 0))
colors = "#d55e00 #cc79a7 #009e73 #56b4e9"
color(s) = strstrt("SPLE", letter(s)) ? word(colors, strstrt("SPLE", letter(s))) \
    : "#888888"
is(s) = $1 == 1 && strcol(2) eq s

set datafile missing NaN
set micro
set title what
set xlabel x
set key outside bottom center horizontal samplen 1 width 2
set border 3
set tics nomirror
set nonlinear x via asinh(x / 100.0) inverse 100 * sinh(x)
set xtics (0, "100" 100, "1k" 1000, "10k" 10000, "100k" 100000)
set logscale y
set format y y_format
plot for [i = 1:words(servers)] $data using (is(word(servers, i)) ? $3 : NaN):4 \
    with linespoints pointtype letter(word(servers, i)) \
    linecolor rgb color(word(servers, i)) \
    title letter(word(servers, i)) . " " . word(names, i)
