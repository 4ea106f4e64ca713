# Which results, and how to read them: what the charts on paper and the chart in
# the terminal have in common.
#
# RUN/charts.gp is written by the suite and knows what gnuplot can't work out by
# itself: who was measured, the captions, and for each panel of each chart its
# axes and where labels go.  Panel 2 of the chart idle has idle_title_2 and so on.

if (!exists("run")) {
    print "Say which results:  gnuplot -d -e \"run='results/DATE-TIME'\" plots/...gp"
    exit status 64
}
set encoding utf8
load run . "/charts.gp"
prefix = strstrt(chart, "-") ? chart[1:strstrt(chart, "-") - 1] . "_" \
    . chart[strstrt(chart, "-") + 1:*] : chart  # no variable has a hyphen
of_chart(what) = value(prefix . "_" . what)
of_panel(what, p) = value(sprintf("%s_%s_%d", prefix, what, p))
panels = of_chart("panels")

# The columns of RUN/NAME.tsv:
#     1 server  2 panel  3 x  4 metric  5 unit  6 value  7 low  8 high
#     9 rounds  10 invalid  11 solid  12 samples
# A row counts when it is about this server, this panel and this metric; the
# others become NaN, which is no point and does not break the line either.
set datafile separator tab
set datafile columnheaders
set datafile missing NaN
table = sprintf("%s/%s.tsv", run, of_chart("table"))
is(s, where, metric) = strcol(1) eq s && strcol(2) eq where && strcol(4) eq metric
only(condition, value) = condition ? value : NaN

# A log axis has no 0, and yet "no idle connections" is half of the story: it
# stands at the left end, and a mark says that the axis is broken.
x(v) = v > 0 ? v : zero_at
