# How many connections did each server hold?
#
#     gnuplot -e "run='results/DATE-TIME'" plots/held.gp
#     gnuplot -e "run='results/DATE-TIME'; kind='png'" plots/held.gp
#
# writes held.svg or held.png into that folder.  A connection is held when a
# message came back on it.  Who held all that the run asked for might hold more.

chart = "held"
what = "Most connections held at once: a message came back on each"
load "plots/common.gp"

n = words(servers)
unset grid
set border 0
set tmargin at screen 0.84
set bmargin at screen 0.15
set lmargin at screen 0.17
set rmargin at screen 0.70
set xrange [0:*]
set yrange [n + 0.6:0.4]
unset xtics
unset ytics
set boxwidth 0.6 relative
set style fill solid 1.0 noborder

held(s) = strcol(1) eq s && strcol(4) eq "held"
remark(s, held, asked) = commas(int(held)) . (held >= asked \
    ? ": all that were asked for" \
    : s eq "select_server" ? " and no more: FD_SETSIZE" : " and no more")

plot for [i = 1:n] table using (0):(only(held(word(servers, i)), i)): \
        (0):6:(i - 0.32):(i + 0.32) with boxxyerror \
        linecolor rgb color(word(servers, i)), \
    for [i = 1:n] table using (only(held(word(servers, i)), $6)):(i): \
        (held(word(servers, i)) ? remark(word(servers, i), $6, $2 + $3) : "") \
        with labels \
        left offset 1, 0 noenhanced textcolor rgb "#222222", \
    for [i = 1:n] table using (only(held(word(servers, i)), 0)):(i): \
        (strcol(1)) with labels \
        right offset -1, 0 noenhanced textcolor rgb text_color(word(servers, i))
