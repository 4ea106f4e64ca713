# How an echo gets cheaper when more connections are active: CPU time per echo, and
# echoes per second.

columns = 2
height = 260
load "plots/common.gp"
set logscale x
set xtics 10
set xlabel "active connections"
set yrange [0:*]
do for [p = 1:2] {
    set format y (p == 1 ? "%.0s %cs" : "%.0s%c")
    load "plots/lines.gp"
}
unset multiplot
