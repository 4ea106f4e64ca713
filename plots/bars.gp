# Panel p: a bar for each server, from the top, with its value in words; hollow where
# the figure is suspect, and a thin line for the interval.

set title title[p]
set autoscale
stats $data using (only($1 == p, $6)) name "bars" nooutput
set yrange [words(servers) + 0.6:0.4]
set ytics scale 0 textcolor rgb ink
set ytics ("" 0)
do for [i = 1:words(servers)] {
    set ytics add (name(word(servers, i)) i)
}
set grid noytics
set xrange [0:1.3 * bars_max]
unset xtics
set border 2
at(s) = place(s, servers)
plot for [s in servers] $data using (0):(only(sound(p, s), at(s))):(0):4: \
        (at(s) - 0.32):(at(s) + 0.32) with boxxyerror linecolor rgb color(s) \
        fillstyle solid 0.8 noborder notitle, \
    for [s in servers] $data using (0):(only(unsure(p, s), at(s))):(0):4: \
        (at(s) - 0.32):(at(s) + 0.32) with boxxyerror linecolor rgb color(s) \
        linewidth 2 fillstyle empty notitle, \
    for [s in servers] $data using 4:(only(is(p, s), at(s))):5:6 with xerrorbars \
        pointtype -1 linewidth 1.5 linecolor rgb ink notitle, \
    for [s in servers] $data using 6:(only(is(p, s), at(s))):8 with labels \
        left offset 0.5, 0 textcolor rgb ink notitle
