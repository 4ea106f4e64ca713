# What changes when more connections talk at once?
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/active.gp
#     gnuplot -d -e "run='DIR'; kind='png'; layout='narrow'" plots/active.gp
#
# writes active.svg, or active-narrow.png, into that folder.

chart = "active"
what = "The more connections talk at once, none is silent"
load "plots/common.gp"
load "plots/lines.gp"
