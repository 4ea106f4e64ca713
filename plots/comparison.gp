# Every server beside level-triggered epoll: a forest plot.
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/comparison.gp
#     gnuplot -d -e "run='DIR'; kind='png'; layout='narrow'" plots/comparison.gp
#
# writes comparison.svg, or comparison-narrow.png, into that folder.  Each ratio is
# the median of those taken within a round.  The grey band is epoll LT beside
# itself, entered twice (A/A): what lies within is no difference that this machine
# can show, whatever its interval.

chart = "comparison"
what = "Ratio to epoll LT, pair by pair within the rounds"
key_height = 22
uneven = 1
load "plots/common.gp"

names_end = 92  # pixels: where the names at the left end
room = 158
value_of(p, where) = strcol(1) eq chart && $2 == p && strcol(8) eq where
ratio(p) = $2 == p
of(s, p) = $2 == p && strcol(3) eq s
inside(v) = v < left ? left : v > right ? right : v
differs(p) = $10 == 1
told(p) = sprintf("%s\n%.4g times epoll LT (%.4g to %.4g)%s", \
    strcol(3), $5, $6, $7, differs(p) ? "" : "\nno difference that this run can show")

unset grid
unset ytics

set object 1 rectangle from screen at_x(14), at_y(head_height - 3) \
    to screen at_x(26), at_y(head_height - 17) \
    fillcolor rgb band fillstyle solid noborder
set label 2 (wide \
    ? "A/A: epoll LT beside itself; no smaller difference can be claimed" \
    : "A/A: epoll LT beside itself, no difference") noenhanced \
    at screen at_x(32), at_y(head_height - 10) font ",11" textcolor rgb soft

set multiplot
do for [p = 1:panels] {
    here = cell * across(p)
    set lmargin at screen at_x(here + names_end + 8)
    set rmargin at screen at_x(here + cell - room)
    set tmargin at screen at_y(panel_top(p))
    set bmargin at screen at_y(panel_top(p) + tall(p))
    set label 1 of_panel("title", p) noenhanced font ",12" textcolor rgb ink \
        at screen at_x(here + 14), at_y(panel_top(p) - 12)
    set yrange [of_panel("deepest", p):0.4]
    left = of_panel("left", p)
    right = of_panel("right", p)
    set border 1
    set logscale x
    unset mxtics
    set xrange [left:right]
    set xtics nomirror scale 0.6 font ",11" textcolor rgb soft
    eval "set xtics (" . of_panel("xtics", p) . ")"
    set arrow 1 from 1, graph 0 to 1, graph 1 nohead back linecolor rgb axis
    plot $ratios using (1):(only(ratio(p), $4)):8:9:($4 - 0.5):($4 + 0.5) \
            with boxxyerror linecolor rgb band fillstyle solid noborder, \
        for [s in everyone] $ratios using \
            (only(of(s, p), $6)):4:($7 - $6):(0) with vectors nohead \
            linecolor rgb color(s) linewidth 1.8, \
        for [s in everyone] $ratios using \
            (only(of(s, p), $5)):4 with points \
            linecolor rgb color(s) pointtype 7 pointsize 0.7, \
        for [s in everyone] $ratios using \
            (only(of(s, p) && !differs(p), $5)):4 with points \
            linecolor rgb paper pointtype 7 pointsize 0.45, \
        for [s in everyone] $ratios using \
            (only(of(s, p) && $5 < left, left)):4:(differs(p) ? "◀" : "◁") \
            with labels left font ",11" textcolor rgb color(s), \
        for [s in everyone] $ratios using \
            (only(of(s, p) && $5 > right, right)):4:(differs(p) ? "▶" : "▷") \
            with labels right font ",11" textcolor rgb color(s), \
        for [s in asked] $ratios using (only(of(s, p), inside($5))):4:(told(p)) \
            with labels hypertext point pointtype 7 pointsize 1 \
            linecolor rgb "#ff000000"
    unset arrow 1
    eval text_layer
    plot for [s in everyone] $ratios using \
            (only(of(s, p), names_end)):4:(name(s)) with labels right noenhanced \
            font ",11" textcolor rgb text_color(s), \
        $labels using (only(value_of(p, "value"), cell - room + 8)):5:7 \
            with labels left noenhanced font ",11" textcolor rgb soft, \
        $labels using (only(value_of(p, "question"), 14)):5:7 \
            with labels left noenhanced boxed bs 2 font ",11" textcolor rgb ink
}
unset multiplot
