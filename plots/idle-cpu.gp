# How much CPU time does an echo cost the server, the more connections are open
# and silent?  On loopback this is the figure that tells servers apart even where
# the load generator is as busy as they are.  The dashed level is bench/floor.c:
# bare recv and send, without any waiting for readiness.
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/idle-cpu.gp
#     gnuplot -d -e "run='DIR'; kind='png'; layout='narrow'" plots/idle-cpu.gp
#
# writes idle-cpu.svg, or idle-cpu-narrow.png, into that folder.

chart = "idle-cpu"
what = "CPU time of the server an echo, user space and kernel"
load "plots/common.gp"
load "plots/lines.gp"
