# Which system calls does an echo need?  This explains the other charts.
#
#     gnuplot -d -e "run='results/DATE-TIME'" plots/syscalls.gp
#     gnuplot -d -e "run='DIR'; kind='png'; layout='narrow'" plots/syscalls.gp
#
# writes syscalls.svg, or syscalls-narrow.png, into that folder.

chart = "syscalls"
what = "System calls an echo, by kind; how many ready events a wait found," \
    . " and how many descriptors the program looked at for an echo"
calls = "receives sends waits epoll_ctls accepts"
call_names = "recv send wait epoll_ctl accept"
call_colors = "#b8c4ce #8496a5 #e69f00 #7a5c3e #56b4e9"
key_height = 22
axis_height = 10
load "plots/common.gp"

names_end = 76  # pixels: where the names at the left end
room = 160  # for the sum, and the two numbers
events_at = cell - 74
scanned_at = cell - 14
rows = of_chart("rows")
n = words(rows)
value_of(p, where) = strcol(1) eq chart && $2 == p && strcol(8) eq where
stack_of(p, call) = strcol(1) eq chart && $2 == p && strcol(4) eq call
told(p) = sprintf("%s\n%s: %.4g an echo", strcol(3), strcol(4), $7 - $6)

unset grid
unset xtics
unset ytics
set border 0
set yrange [n + 0.5:0.5]
do for [i = 1:words(calls)] {
    left = 14 + (wide ? 90 : 74) * (i - 1)
    set object i rectangle from screen at_x(left), at_y(head_height - 4) \
        to screen at_x(left + 10), at_y(head_height - 14) \
        fillcolor rgb word(call_colors, i) fillstyle solid noborder
    set label 100 + i word(call_names, i) noenhanced font ",11" \
        at screen at_x(left + 14), at_y(head_height - 9) textcolor rgb soft
}

set multiplot
do for [p = 1:panels] {
    here = cell * across(p)
    set lmargin at screen at_x(here + names_end + 8)
    set rmargin at screen at_x(here + cell - room)
    set tmargin at screen at_y(panel_top(p))
    set bmargin at screen at_y(panel_top(p) + panel_height)
    set label 1 of_panel("title", p) noenhanced font ",12" textcolor rgb ink \
        at screen at_x(here + 14), at_y(panel_top(p) - 12)
    set label 2 "events\na wait" right font ",11" textcolor rgb faint \
        at screen at_x(here + events_at), at_y(panel_top(p) - 24)
    set label 3 "scanned\nan echo" right font ",11" textcolor rgb faint \
        at screen at_x(here + scanned_at), at_y(panel_top(p) - 24)
    high = of_panel("high", p)
    set xrange [0:high]
    plot for [i = 1:words(calls)] $stacks using \
            (0):(only(stack_of(p, word(calls, i)), $5)):6:7: \
            ($5 - 0.34):($5 + 0.34) with boxxyerror \
            linecolor rgb word(call_colors, i) fillstyle solid noborder, \
        for [i = 1:words(calls)] $stacks using \
            (only(stack_of(p, word(kind eq "report" ? calls : "", i)) \
            && $7 > $6, ($6 + $7) / 2)):5:(told(p)) with labels hypertext \
            point pointtype 7 pointsize 1 linecolor rgb "#ff000000"
    pixel(v) = names_end + 8 + v / high * (cell - names_end - 8 - room)
    eval text_layer
    plot $labels using (only(value_of(p, "value"), pixel($4) + 5)):5:7 \
            with labels left noenhanced font ",11" textcolor rgb ink, \
        $labels using (only(value_of(p, "events_per_wait"), events_at)):5:7 \
            with labels right noenhanced font ",11" textcolor rgb soft, \
        $labels using (only(value_of(p, "scanned_per_echo"), scanned_at)):5:7 \
            with labels right noenhanced font ",11" textcolor rgb soft, \
        for [s in everyone] $labels using (only(value_of(p, "value") \
            && strcol(3) eq s, names_end)):5:(name(s)) with labels \
            right noenhanced font ",11" textcolor rgb text_color(s)
}
unset multiplot
