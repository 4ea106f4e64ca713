# How slow are the slowest echoes?  A nines axis: each step to the right is a tenth
# of the echoes that were left.
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/percentiles.gp
#     gnuplot -d -e "run='DIR'; kind='png'; layout='narrow'" plots/percentiles.gp
#
# writes percentiles.svg, or percentiles-narrow.png, into that folder.

chart = "percentiles"
what = "All of the latencies at 50 % of the capacity, open loop:" \
    . " solid from the planned send, dashed from the actual one"
load "plots/common.gp"
dense = 1
x_told(v) = sprintf("%.6g %%", 100 * (1 - 1 / v))
load "plots/lines.gp"
