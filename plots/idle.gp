# How many echoes a second does each server answer, the more connections are
# open and silent?
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/idle.gp
#     gnuplot -d -e "run='DIR'; kind='png'; layout='narrow'" plots/idle.gp
#
# writes idle.svg, or idle-narrow.png, into that folder.

chart = "idle"
what = "Echoes a second, the more connections are open and silent"
load "plots/common.gp"
load "plots/lines.gp"
