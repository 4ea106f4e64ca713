# How fast connections come and go: connections per second, and CPU time for each.

rows = 2
keyed = 0
side = 140
height = 38 * words(servers) + 10
load "plots/common.gp"
do for [p = 1:2] {
    load "plots/bars.gp"
}
unset multiplot
