# How much memory does a connection take that says nothing?
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/memory.gp
#     gnuplot -d -e "run='DIR'; kind='png'; layout='narrow'" plots/memory.gp
#
# writes memory.svg, or memory-narrow.png, into that folder.  The kernel's part is
# read for the whole machine, so the client's end of each connection is in it, too.

chart = "memory"
what = "Memory that one more silent connection takes"
axis_height = 10
load "plots/common.gp"
load "plots/rows.gp"
