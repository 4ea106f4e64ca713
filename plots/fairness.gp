# How long do small messages take while others stream without end?
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/fairness.gp
#     gnuplot -d -e "run='DIR'; kind='png'; layout='narrow'" plots/fairness.gp
#
# writes fairness.svg, or fairness-narrow.png, into that folder.

chart = "fairness"
what = "10 connections with small messages, beside some that stream without end"
load "plots/common.gp"
load "plots/lines.gp"
