# What does a load generator say of a server that stood still?  The server was
# stopped for a known time, so that all the percentiles are known by arithmetic.
# A closed loop asks nothing meanwhile and so sees one slow echo: coordinated
# omission.  Open loop, the response time counts from the planned send and tells
# what users felt; the service time leaves out how long a message waited unsent.
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/freeze.gp
#     gnuplot -d -e "run='DIR'; kind='png'; layout='narrow'" plots/freeze.gp
#
# writes freeze.svg, or freeze-narrow.png, into that folder.

chart = "freeze"
what = "The server stood still for a while: what each way of measuring says of it." \
    . " Dashed: what arithmetic expects"
keyed = 1  # the servers' curves should lie on each other
load "plots/common.gp"

told(what) = sprintf("%s\n%s\n%.6g %%: %.4g %s", \
    strcol(1), what, 100 * (1 - 1 / $3), $6, strcol(5))
views = "response service closed"
view_width(v) = v eq "response" ? 3 : v eq "service" ? 2 : 1.2
of_view(side) = strcol(1) eq chart && strcol(8) eq side

set lmargin at screen at_x(60.0)
set rmargin at screen at_x(page - of_chart("room"))
set tmargin at screen at_y(panel_top(1) - 12)
set bmargin at screen at_y(panel_top(1) + panel_height)
set logscale xy
set xrange [of_panel("left", 1):of_panel("right", 1)]
set yrange [of_panel("low", 1):of_panel("high", 1)]
unset mxtics
unset mytics
eval "set xtics (" . of_panel("xtics_" . layout, 1) . ")"
eval "set ytics (" . of_panel("ytics", 1) . ")"
set grid ytics linetype 1 linecolor rgb rule linewidth 1
set xlabel of_panel("x", 1) font ",11.5" textcolor rgb soft offset 0, 0.7
plot for [v in views] for [s in servers] table using \
        (only(is(s, v, "latency"), $3)):6 with lines \
        linecolor rgb color(s) linewidth view_width(v), \
    for [v in views] $expected using (only(strcol(1) eq v, $2)):3 with lines \
        linecolor rgb ink linewidth 1 dashtype (4, 4), \
    $labels using (only(of_view("right"), $4)):5:7 with labels \
        left offset 0.8, 0 noenhanced boxed bs 2 font ",11" textcolor rgb ink, \
    $labels using (only(of_view("above"), $4)):5:7 with labels \
        left offset 0, 0.9 noenhanced boxed bs 2 font ",11" textcolor rgb ink, \
    for [v in views] for [s in (kind eq "report" ? servers : "nobody")] table using \
        (only(is(s, v, "latency"), $3)):6:(told(v)) with labels \
        hypertext point pointtype 7 pointsize 1 linecolor rgb "#ff000000"
