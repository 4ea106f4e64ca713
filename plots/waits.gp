# What one wait costs, by the number of descriptors watched: one of them ready above,
# all of them ready below.  Dotted: what Kerrisk published in 2006.  Panel 2 may be
# left out.

both = strstrt(panels, "2") > 0
rows = both ? 2 : 1
load "plots/common.gp"
set logscale xy
set format y "%.0s %cs"
set xtics 10
set autoscale xfix
title[1] = "CPU time per wait, one ready (dotted: Kerrisk, 2006)"
title[2] = "CPU time per ready descriptor, all ready"
p = 1
published = 3
if (!both) { set xlabel "descriptors watched" }
load "plots/lines.gp"
p = 2
published = 0
set xlabel "descriptors watched"
if (both) { load "plots/lines.gp" }
unset multiplot
