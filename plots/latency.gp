# How long an echo takes when all servers get the same load, by that load: the median
# and the 99th percentile, from the planned send time.

columns = 2
height = 260
load "plots/common.gp"
set xlabel "messages per second"
set format y "%.0s %cs"
set xrange [0:*]
set xtics 40000
set logscale y
do for [p = 1:2] {
    load "plots/lines.gp"
}
unset multiplot
