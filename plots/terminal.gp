# The throughput chart in characters, for a terminal.
#
#     gnuplot -e "run='results/DATE-TIME'" plots/terminal.gp
#
# shows the fewest active connections of that run.  Each server has a letter;
# where two lie on one place, the later one is seen.

load "plots/data.gp"
if (!exists("columns")) columns = 80
set terminal dumb noenhanced size columns, 22
a = int(word(panels, 1))

letter(s) = s eq "select_server" ? "S" : s eq "poll_server" ? "P" \
    : s eq "epoll_lt_server" ? "L" : s eq "epoll_et_server" ? "E" \
    : sprintf("%d", sum [i = 1:words(servers)] (word(servers, i) eq s ? i : 0))

set title "Echoes a second, " . connections(a) . ", by idle connections"
set key outside bottom center horizontal samplen 1 width 2
set border 3
set tics nomirror
load "plots/ticks.gp"
set yrange [0:value(sprintf("throughput_high_%d", a))]
plot for [s in servers] table using (only(is(s, a, "rate"), x($3))):6 \
    with linespoints pointtype letter(s) title letter(s) . " " . s
