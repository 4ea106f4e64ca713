# What idle connections cost: CPU time per echo above, echoes per second below; one
# active connection on the left, a hundred on the right.  If only one of these was
# measured, two panels are left, side by side.

columns = words(panels) > 1 ? 2 : 1
rows = (words(panels) + 1) / 2
title_lines = 2
load "plots/common.gp"
set nonlinear x via asinh(x / 100.0) inverse 100 * sinh(x)  # logarithmic, with a 0
set xtics (0, "100" 100, "1k" 1000, "10k" 10000)
set xrange [0:10 < *]  # wide enough to draw if 0 is all there is
set logscale y
do for [i = 1:words(panels)] {
    p = int(word(panels, i))
    title[p] = (p < 3 ? "CPU time per echo" : "Echoes per second") . "\n" . title[p]
    set format y (p < 3 ? "%.0s %cs" : "%.0s%c")
    if (i > words(panels) - columns) { set xlabel "idle connections" }
    load "plots/lines.gp"
}
unset multiplot
