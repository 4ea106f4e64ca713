# Whether the length of a turn matters: CPU time per echo, and echoes per second.

columns = 2
height = 260
load "plots/common.gp"
set logscale x 2
set xtics ("5 ms" 0.005, "10 ms" 0.01, "20 ms" 0.02, "40 ms" 0.04)
set xrange [*:*] noextend
set xlabel "length of a turn"
set yrange [0:*]
do for [p = 1:2] {
    set format y (p == 1 ? "%.0s %cs" : "%.0s%c")
    load "plots/lines.gp"
}
unset multiplot
