# How much CPU time does an echo cost the server, the more connections are open
# and silent?
#
#     gnuplot -e "run='results/DATE-TIME'" plots/cpu.gp
#     gnuplot -e "run='results/DATE-TIME'; kind='png'" plots/cpu.gp
#
# writes cpu.svg or cpu.png into that folder.  On loopback this is the figure
# that tells servers apart even where the load generator is as busy as they are.
# The dashed level is bench/floor.c: bare recv and send, without any waiting for
# readiness.  With one active connection it has to sleep in recv and is no floor:
# to fall asleep and to wake up costs more than to receive.

chart = "cpu"
what = "CPU time of the server an echo, user space and kernel," \
    . " median of the rounds"
metric = "cpu_per_echo"
rising = 1
enough = 0
reference = "floor"
load "plots/common.gp"

set logscale y
set ytics ("" 1)
do for [power = -1:8] { set ytics add (in_time(10.0 ** power) 10.0 ** power) }
load "plots/panels.gp"
