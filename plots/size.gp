# What longer messages cost: the throughput, and the CPU time per MiB.

columns = 2
height = 260
load "plots/common.gp"
set logscale x 2
set logscale y
set xtics ("1" 1, "64" 64, "1K" 1024, "16K" 16384, "256K" 262143)
set xlabel "bytes per message"
do for [p = 1:2] {
    set format y (p == 1 ? "%.0s%c" : "%.0s %cs")
    load "plots/lines.gp"
}
unset multiplot
