# Panels with a bar for each server.  Load it after common.gp.

names_end = 92  # pixels: where the names at the left end
room = 96  # and for the values at the right
rows = of_chart("rows")
n = words(rows)
half = 0.34  # of the thickness of a bar
at_row(s, p) = $3 == real(word(of_panel("at", p), place(s, rows)))
bar(s, p) = strcol(1) eq s && strcol(4) eq metric && at_row(s, p)
value_of(s, p) = strcol(1) eq chart && $2 == p && strcol(3) eq s \
    && strcol(8) eq "value"
shown(s) = place(s, rows) > 0 ? place(s, rows) : NaN
told(s) = sprintf("%s\n%.4g %s (%.4g to %.4g in %d rounds)%s", \
    strcol(1), $6, strcol(5), $7, $8, $9, \
    $11 == 1 ? "" : "\nhollow: not to be relied on")

unset grid
unset xtics
unset ytics
set border 0
set yrange [n + 0.5:0.5]

set multiplot
do for [p = 1:panels] {
    set lmargin at screen at_x(cell * across(p) + names_end + 8)
    set rmargin at screen at_x(cell * (across(p) + 1) - room)
    set tmargin at screen at_y(panel_top(p))
    set bmargin at screen at_y(panel_top(p) + panel_height)
    set label 1 of_panel("title", p) noenhanced font ",12" textcolor rgb ink \
        at screen at_x(cell * across(p) + 14), at_y(panel_top(p) - 12)
    metric = of_panel("metric", p)
    set xrange [0:of_panel("high", p)]
    edge = of_panel("high", p) / 200 # what is left of a bar that is hollow
    plot for [s in everyone] table using (0):(only(bar(s, p), shown(s))): \
            (0):6:(shown(s) - half):(shown(s) + half) with boxxyerror \
            linecolor rgb color(s) fillstyle solid noborder, \
        for [s in everyone] table using \
            (0):(only(bar(s, p) && $11 == 0, shown(s))): \
            (edge):($6 - edge):(shown(s) - half + 0.08):(shown(s) + half - 0.08) \
            with boxxyerror linecolor rgb paper fillstyle solid noborder, \
        for [s in everyone] table using (only(bar(s, p), $7)):(shown(s)): \
            ($8 - $7):(0) with vectors nohead linecolor rgb ink linewidth 1.2, \
        for [s in everyone] $labels using (only(value_of(s, p), $4)):5:7 \
            with labels left offset 0.8, 0 noenhanced font ",11" \
            textcolor rgb soft, \
        for [s in everyone] $labels using (only(value_of(s, p), 0)):5: \
            (name(s)) with labels right offset -0.8, 0 noenhanced \
            font ",11" textcolor rgb text_color(s), \
        for [s in asked] table using (only(bar(s, p), $6)):(shown(s)):(told(s)) \
            with labels hypertext point pointtype 7 pointsize 1 \
            linecolor rgb "#ff000000"
}
unset multiplot
