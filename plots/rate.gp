# How long does an echo take when clients don't wait for each other?  Open loop:
# every message has a planned time.  From there to the reply is the response time,
# which the user feels; the service time begins when the message was really sent,
# and leaves out what it waited before, because the connection was still busy.
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/rate.gp
#     gnuplot -d -e "run='DIR'; kind='png'; layout='narrow'" plots/rate.gp
#
# writes rate.svg, or rate-narrow.png, into that folder.

chart = "rate"
what = "Open loop: solid from the planned send (response)," \
    . " dashed from the actual one (service)"
load "plots/common.gp"
load "plots/lines.gp"
