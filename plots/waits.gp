# What one wait costs, by the number of descriptors watched: one of them ready above,
# all of them ready below.  Dotted: what Kerrisk published in 2006.

rows = 2
load "plots/common.gp"
set logscale xy
set format y "%.0s %cs"
set xtics 10
set autoscale xfix
title[1] = "CPU time per wait, one ready (dotted: Kerrisk, 2006)"
title[2] = "CPU time per ready descriptor, all ready"
p = 1
published = 3
load "plots/lines.gp"
p = 2
published = 0
set xlabel "descriptors watched"
load "plots/lines.gp"
unset multiplot
