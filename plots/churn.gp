# How fast do clients come and go?  Ten at a time: connect, one echo, reset.
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/churn.gp
#     gnuplot -d -e "run='DIR'; kind='png'; layout='narrow'" plots/churn.gp
#
# writes churn.svg, or churn-narrow.png, into that folder.

chart = "churn"
what = "Connect, one echo, reset, as fast as it goes, 10 at a time"
axis_height = 10
load "plots/common.gp"
load "plots/rows.gp"
