# The chart of echoes a second in characters, for a terminal.
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/terminal.gp
#
# shows the fewest active connections of that run.  Each server has a letter;
# where two lie on one place, the later one is seen.

chart = "idle"
load "plots/data.gp"
if (!exists("columns")) columns = 80
set terminal dumb noenhanced size columns, 22

letter(s) = s eq "select_server" ? "S" : s eq "poll_server" ? "P" \
    : s eq "epoll_lt_server" ? "L" : s eq "epoll_et_server" ? "E" \
    : sprintf("%d", sum [i = 1:words(servers)] (word(servers, i) eq s ? i : 0))

zero_at = of_panel("zero_at", 1)
where = of_panel("where", 1)
set title "Echoes a second, " . of_panel("title", 1) . ", by idle connections"
set key outside bottom center horizontal samplen 1 width 2
set border 3
set tics nomirror
if (of_panel("log_x", 1)) { set logscale x }
set xrange [of_panel("left", 1):of_panel("right", 1)]
set yrange [0:of_panel("high", 1)]
unset mxtics
eval "set xtics (" . of_panel("xtics_wide", 1) . ")"
eval "set ytics (" . of_panel("ytics", 1) . ")"
plot for [s in servers] table using (only(is(s, where, "rate"), x($3))):6 \
    with linespoints pointtype letter(s) title letter(s) . " " . s
