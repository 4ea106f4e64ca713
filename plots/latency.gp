# How long do the slowest echoes take, the more connections are open and silent?
#
#     gnuplot -e "run='results/DATE-TIME'" plots/latency.gp
#     gnuplot -e "run='results/DATE-TIME'; kind='png'" plots/latency.gp
#
# writes latency.svg or latency.png into that folder.  A hollow point says that
# fewer than 1,000 echoes stand behind it: its slowest hundredth is fewer than ten
# of them, and that is more luck than server.

chart = "latency"
what = "p99 latency: 99 of 100 echoes took no longer" \
    . " (hollow: fewer than 1,000 echoes)"
metric = "p99"
rising = 1
enough = 1000
reference = ""
load "plots/common.gp"

set logscale y
set ytics ("" 1)
do for [power = -1:8] { set ytics add (in_time(10.0 ** power) 10.0 ** power) }
load "plots/panels.gp"
