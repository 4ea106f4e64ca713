# What connections that stream without end cost the others: their median latency.

height = 260
load "plots/common.gp"
set xlabel "connections that stream"
set xrange [-0.2:*]
set xtics 1
set format x "%g"
set format y "%.0s %cs"
set yrange [0:*]
p = 1
load "plots/lines.gp"
unset multiplot
