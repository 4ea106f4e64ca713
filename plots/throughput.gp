# How many echoes a second does each server answer, the more connections are
# open and silent?
#
#     gnuplot -e "run='results/DATE-TIME'" plots/throughput.gp
#     gnuplot -e "run='results/DATE-TIME'; kind='png'" plots/throughput.gp
#
# writes throughput.svg or throughput.png into that folder.

chart = "throughput"
what = "Echoes a second, median of the rounds"
metric = "rate"
rising = 0
enough = 0
reference = ""
load "plots/common.gp"

set format y "%.0s%c"
load "plots/panels.gp"
