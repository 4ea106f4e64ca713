# What does a longer message change?
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/size.gp
#     gnuplot -d -e "run='DIR'; kind='png'; layout='narrow'" plots/size.gp
#
# writes size.svg, or size-narrow.png, into that folder.

chart = "size"
what = "The longer the messages, 10 connections talking"
load "plots/common.gp"
load "plots/lines.gp"
