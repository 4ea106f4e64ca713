# Panels with lines: one for each server, with its name at its end.  Load it after
# common.gp, with
#
#     dense   1: so many points that only some of them get a marker

if (!exists("dense")) dense = 0
if (!exists("GPFUN_x_told")) { x_told(v) = sprintf("%g", v) }
margin_left = 54
room = of_chart("room")  # for the labels at the right
is_nine(v) = v > 2 && abs(log10(v) - floor(log10(v) + 0.5)) < 1e-6
marked(v) = !dense || v == 2 || is_nine(v)

label_of(s, p, where) = strcol(1) eq chart && $2 == p && strcol(3) eq s \
    && strcol(8) eq where
told(s) = sprintf("%s\n%s %s\n%.4g %s (%.4g to %.4g in %d rounds)%s", strcol(1), \
    x_told($3), of_panel("x", p), $6, strcol(5), $7, $8, $9, \
    $11 == 1 ? "" : "\nhollow: not to be relied on")
height = wide ? 5 : 6  # the column of $labels in which heights are

set multiplot
do for [p = 1:panels] {
    set lmargin at screen at_x(cell * across(p) + margin_left)
    set rmargin at screen at_x(cell * (across(p) + 1) - room)
    set tmargin at screen at_y(panel_top(p))
    set bmargin at screen at_y(panel_top(p) + panel_height)
    set label 1 of_panel("title", p) noenhanced font ",12" textcolor rgb ink \
        at screen at_x(cell * across(p) + 14), at_y(panel_top(p) - 15)
    where = of_panel("where", p)
    metric = of_panel("metric", p)
    second = of_panel("second", p)
    low = of_panel("low", p)
    high = of_panel("high", p)
    zero_at = of_panel("zero_at", p)
    unset logscale
    if (of_panel("log_x", p)) { set logscale x }
    if (of_panel("log_y", p)) { set logscale y }
    set xrange [of_panel("left", p):of_panel("right", p)]
    set yrange [low:high]
    unset mxtics
    unset mytics
    eval "set xtics (" . of_panel("xtics_" . layout, p) . ")"
    eval "set ytics (" . of_panel("ytics", p) . ")"
    set grid ytics linetype 1 linecolor rgb rule linewidth 1
    set xlabel of_panel("x", p) font ",11.5" textcolor rgb soft offset 0, 0.7
    unset label 2
    if (of_panel("broken", p)) {
        set label 2 "//" at of_panel("broken", p), graph 0 center front \
            boxed bs 1 textcolor rgb axis
    }
    set label 3 of_panel("failed", p) at graph 0.03, graph 0.06 noenhanced \
        front textcolor rgb faint font ",11"
    plot $levels using (only(strcol(1) eq chart && $2 == p, \
                of_panel("left", p))):3:(of_panel("right", p)):(0) with vectors \
            nohead linecolor rgb faint linewidth 1 dashtype 2, \
        for [s in servers] $limits using (only(strcol(1) eq chart && $2 == p \
                && strcol(3) eq s, $4)):(low):(0):(high - low) with vectors \
            nohead linecolor rgb color(s) linewidth 1 dashtype 2, \
        for [s in peers] table using \
            (only(is(s, where, metric), x($3))):6 with lines \
            linecolor rgb color(s) linewidth 1.2 dashtype (6, 4), \
        for [s in peers] table using \
            (only(!dense && is(s, where, metric), x($3))):6 with points \
            linecolor rgb color(s) pointtype 7 pointsize 0.25, \
        for [s in servers] table using \
            (only(!dense && is(s, where, metric), x($3))):7:(0):($8 - $7) \
            with vectors nohead linecolor rgb pale(s) linewidth 1.2, \
        for [s in servers] table using \
            (only(is(s, where, second), x($3))):6 with lines \
            linecolor rgb color(s) linewidth 1.2 dashtype (4, 3), \
        for [s in servers] table using \
            (only(is(s, where, metric), x($3))):6 with lines \
            linecolor rgb color(s) linewidth width(s), \
        for [s in servers] table using \
            (only(is(s, where, metric) && $11 == 1 && marked($3), x($3))):6 \
            with points linecolor rgb color(s) pointtype full_point(s) \
            pointsize 0.8, \
        for [s in servers] table using \
            (only(is(s, where, metric) && $11 == 0 && marked($3), x($3))):6 \
            with points linecolor rgb paper pointtype full_point(s) \
            pointsize 0.8, \
        for [s in servers] table using \
            (only(is(s, where, metric) && $11 == 0 && marked($3), x($3))):6 \
            with points linecolor rgb color(s) pointtype hollow_point(s) \
            pointsize 0.8, \
        $levels using (only(strcol(1) eq chart && $2 == p, \
                of_panel("right", p))):3:4 with labels right offset -0.5, -0.8 \
            noenhanced font ",11" textcolor rgb faint, \
        for [s in everyone] $labels using \
            (only(label_of(s, p, "failed"), x($4))):height:("×") with labels \
            noenhanced offset 0, 0.5 font ",16" textcolor rgb text_color(s), \
        for [s in servers] $limits using (only(strcol(1) eq chart && $2 == p \
                && strcol(3) eq s, $4)):6:5 with labels \
            left offset 0.5, 0 noenhanced boxed bs 2 \
            font ",11" textcolor rgb text_color(s), \
        for [s in everyone] $labels using \
            (only(label_of(s, p, "edge"), of_panel("right", p))):height:7 with labels \
            left offset 0.4, 0 noenhanced font ",11" textcolor rgb text_color(s), \
        for [s in everyone] $labels using \
            (only(label_of(s, p, "after"), x($4))):height:7 with labels \
            left offset 0.8, 0 noenhanced boxed bs 2 \
            font ",11" textcolor rgb text_color(s), \
        for [s in everyone] $labels using \
            (only(label_of(s, p, "before"), x($4))):height:7 with labels \
            right offset -0.8, 0 noenhanced boxed bs 2 \
            font ",11" textcolor rgb text_color(s), \
        for [s in asked] table using \
            (only(is(s, where, metric), x($3))):6:(told(strcol(1))) with labels \
            hypertext point pointtype 7 pointsize 1 linecolor rgb "#ff000000", \
        for [s in asked] table using \
            (only(is(s, where, second) && marked($3), x($3))):6: \
            (told(strcol(1))) with labels \
            hypertext point pointtype 7 pointsize 1 linecolor rgb "#ff000000"
}
unset multiplot
