# The x axis: idle connections, with a place of its own for 0.

set logscale x
left_end = (from_zero ? zero_at : least_idle) / 1.25
right_end = most_idle * 1.06
middle = sqrt(left_end * right_end)
set xrange [left_end:right_end]
unset mxtics
if (from_zero) { set xtics ("0" zero_at) }
else { set xtics (brief(least_idle) least_idle) }
do for [power = 0:6] {
    tick = 10 ** power
    if (tick >= least_idle && tick <= most_idle) {
        set xtics add ((tick * 2.5 < most_idle ? brief(tick) : "") tick)
    }
}
set xtics add (brief(most_idle) most_idle)
