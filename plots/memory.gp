# What an idle connection takes in memory: in the server, and in the kernel, where both
# of its ends are counted.

rows = 2
keyed = 0
side = 140
height = 38 * words(servers) + 10
load "plots/common.gp"
do for [p = 1:2] {
    load "plots/bars.gp"
}
unset multiplot
