# What idle connections cost: CPU time per echo above, echoes per second below; one
# active connection on the left, a hundred on the right.

rows = 2
columns = 2
title_lines = 2
load "plots/common.gp"
set nonlinear x via asinh(x / 100.0) inverse 100 * sinh(x)  # logarithmic, with a 0
set xtics (0, "100" 100, "1k" 1000, "10k" 10000)
set xrange [0:*]
set logscale y
do for [p = 1:4] {
    title[p] = (p < 3 ? "CPU time per echo" : "Echoes per second") . "\n" . title[p]
    set format y (p < 3 ? "%.0s %cs" : "%.0s%c")
    if (p > 2) { set xlabel "idle connections" }
    load "plots/lines.gp"
}
unset multiplot
