# Two panels side by side, few and many active connections, over the number of
# idle connections.  Load it after common.gp, with
#
#     metric     whose value is drawn, a name in table.tsv
#     rising     1 when lines go up to the right, 0 when they go down: labels
#                inside the panel keep out of their way
#     enough     echoes that a full point needs; with fewer it is hollow
#     reference  a program whose value with 0 idle connections is drawn as a
#                level; "" for none

n = words(panels)
panel_left(i) = 0.075 + (i - 1) * 0.5
panel_right(i) = n == 1 ? 0.85 : panel_left(i) + 0.28

set multiplot
set tmargin at screen 0.805
set bmargin at screen 0.245
load "plots/ticks.gp"
set xlabel "idle connections" textcolor rgb "#444444" offset 0, 0.4

# At the end of a line, where the suite found room: a row of $labels.
label_of(s, a, where) = strcol(1) eq chart && $2 == a && strcol(3) eq s \
    && strcol(8) eq where
side = rising ? 0.8 : -0.8

do for [p = 1:n] {
    a = int(word(panels, p))
    set lmargin at screen panel_left(p)
    set rmargin at screen panel_right(p)
    set title connections(a) noenhanced textcolor rgb "#222222" offset 0, -0.4
    low = value(sprintf("%s_low_%d", chart, a))
    high = value(sprintf("%s_high_%d", chart, a))
    set yrange [low:high]
    if (from_zero) {
        set label 1 "//" at sqrt(zero_at * least_idle), graph 0 center front \
            boxed bs 1 textcolor rgb "#888888"
    }
    plot table using (only(is(reference, a, metric), left_end)):6: \
            (right_end - left_end):(0) with vectors nohead \
            linecolor rgb "#666666" linewidth 1 dashtype 2, \
        table using (only(is(reference, a, metric), middle)):6: \
            ("bare recv + send") with labels center offset 0, -0.7 \
            font ",9" textcolor rgb "#666666", \
        for [s in servers] $limits using \
            (only(strcol(1) eq s, x($2 - a))):(low):(0):(high - low) with vectors \
            nohead linecolor rgb color(s) linewidth 1 dashtype 2, \
        for [s in servers] $limits using (only(strcol(1) eq s, x($2 - a))): \
            (rising ? high : low):(limit_name(s)) with labels \
            right offset -0.5, (rising ? -0.7 : 0.7) noenhanced \
            font ",9" textcolor rgb text_color(s), \
        for [s in servers] table using \
            (only(is(s, a, metric), x($3))):6:7:8 with yerrorbars \
            linecolor rgb pale(s) linewidth 1.2 pointtype 0, \
        for [s in servers] table using \
            (only(is(s, a, metric), x($3))):6 with lines \
            linecolor rgb color(s) linewidth width(s), \
        for [s in servers] table using \
            (only(is(s, a, metric) && $11 >= enough, x($3))):6 with points \
            linecolor rgb color(s) pointtype full_point(s) pointsize 0.9, \
        for [s in servers] table using \
            (only(is(s, a, metric) && $11 < enough, x($3))):6 with points \
            linecolor rgb color(s) pointtype hollow_point(s) pointsize 0.9, \
        for [s in servers] $labels using \
            (only(label_of(s, a, "edge"), most_idle)):6:7 with labels \
            left offset 0.8, 0 noenhanced font ",11" textcolor rgb text_color(s), \
        for [s in servers] $labels using \
            (only(label_of(s, a, "end"), x($4))):5:7 with labels \
            right offset -0.7, side noenhanced boxed bs 2 \
            font ",11" textcolor rgb text_color(s)
}
unset multiplot
