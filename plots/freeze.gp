# What a load generator sees of a server that stood still: the part of all echoes that
# took no longer than so much.  Dashed: what arithmetic expects.  A message due t
# seconds into a stop of F waits F - t, so all but one in x stay within F - W / x, when
# the window is W.
#
# Panels: 1 response time, 2 service time of the open loop; 3 the closed loop.

height = 330
load "plots/common.gp"
set logscale xy
set xrange [1:2000]
set xtics ("half" 2, "90 %%" 10, "99 %%" 100, "99.9 %%" 1000)
set xlabel "of all echoes took no longer"
set format y "%.0s %cs"
set title "Latency"
set samples 400
stats $data using (only($1 == 3, $4)) name "closed" nooutput
set label "open loop, response time" at 6, 1.8 * stop textcolor rgb ink
set label "open loop, service time" at 13, stop / 9 textcolor rgb ink
if (exists("closed_median")) set label "closed loop" at 13, 1.7 * closed_median textcolor rgb ink
expected(x) = x > window / stop ? stop - window / x : NaN
plot for [s in servers] $data using (only(is(1, s), $3)):4 with lines \
        linewidth width(s) + 1 linecolor rgb color(s) notitle, \
    for [s in servers] $data using (only(is(2, s), $3)):4 with lines \
        linewidth width(s) linecolor rgb color(s) notitle, \
    for [s in servers] $data using (only(is(3, s), $3)):4 with lines \
        linewidth width(s) linecolor rgb color(s) notitle, \
    expected(x) with lines dashtype (6, 4) linewidth 1.5 linecolor rgb ink notitle
unset multiplot
