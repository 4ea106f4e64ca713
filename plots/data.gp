# Which results, and how to read table.tsv: what the charts on paper and the chart
# in the terminal have in common.

if (!exists("run")) {
    print "Say which results:  gnuplot -e \"run='results/DATE-TIME'\" plots/...gp"
    exit status 64
}
table = run . "/table.tsv"
load run . "/charts.gp"

# A row counts when it is about this server, this number of active
# connections and this metric; the others become NaN, which is no point and does
# not break the line either.
set datafile separator tab
set datafile columnheaders
set datafile missing NaN
is(s, a, m) = strcol(1) eq s && $2 == a && strcol(4) eq m
only(condition, value) = condition ? value : NaN

# A log axis has no 0, and yet "no idle connections" is half of the story: it
# stands at the left end, behind a gap, and a mark says that the axis is broken.
decades = log10(most_idle > least_idle ? 1.0 * most_idle / least_idle : 10)
zero_at = least_idle / 10 ** (0.22 * decades)
x(idle) = idle > 0 ? idle : zero_at

commas(n) = n >= 1000 \
    ? sprintf("%s,%03d", commas(int(n) / 1000), int(n) % 1000) : sprintf("%d", n)
brief(n) = n < 1000 ? sprintf("%d", n) : sprintf("%gk", n / 1000.0)
connections(n) = n == 1 ? "1 active connection" \
    : sprintf("%s active connections", commas(n))

# Microseconds in the unit that suits them.
in_time(us) = us < 1000 ? sprintf("%g µs", us) \
    : us < 1e6 ? sprintf("%g ms", us / 1e3) : sprintf("%g s", us / 1e6)
