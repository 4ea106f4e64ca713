# What all charts have in common: the colours and the paper.
#
# A script sets `chart` and `what`, a line on what it shows, loads this file and
# plots.  It is run in the top folder of the repository and wants
#
#     run     the results folder of a benchmark: table.tsv and charts.gp in it
#     kind    svg or png (svg)

load "plots/data.gp"
if (!exists("kind")) kind = "svg"

# --- One colour and one marker for a server, everywhere.  The colours are those
# of Okabe and Ito, which people with any colour vision can tell apart.
# Text has the same hue, darker, because letters are thin.
four = "select_server poll_server epoll_lt_server epoll_et_server"
colors = "#d55e00 #cc79a7 #009e73 #0072b2"
text_colors = "#b34f00 #a3527d #007a59 #005b8e"
filled = "5 9 7 13"
hollow = "4 8 6 12"
more_colors = "#56b4e9 #000000 #e69f00 #999999"
more_text_colors = "#1f7fb8 #000000 #946600 #666666"
more_filled = "11 15 5 9"
more_hollow = "10 14 4 8"
place(s, list) = sum [i = 1:words(list)] (word(list, i) eq s ? i : 0)
pick(s, ours, more) = place(s, four) ? word(ours, place(s, four)) \
    : word(more, (place(s, servers) - 1) % words(more) + 1)
color(s) = pick(s, colors, more_colors)
pale(s) = "#80" . substr(color(s), 2, 7)
text_color(s) = pick(s, text_colors, more_text_colors)
full_point(s) = int(pick(s, filled, more_filled))
hollow_point(s) = int(pick(s, hollow, more_hollow))
# Lines that coincide: the later one is thinner, so that both are seen.
width(s) = place(s, servers) < 4 ? 4.5 - place(s, servers) : 1.5

# What a server's limit is called, at the mark where its line ends.
limit_name(s) = s eq "select_server" ? "FD_SETSIZE" : "no more"

# --- The paper.  `font` lists what a browser may take instead.
faces = "DejaVu Sans, Verdana, sans-serif"
if (kind eq "png") {
    set terminal pngcairo size 1920, 1040 enhanced background "#ffffff" \
        font "DejaVu Sans,11.5" fontscale 2 linewidth 2 pointscale 2
} else {
    set terminal svg size 960, 520 enhanced background "#ffffff" \
        font faces . ",11.5" name chart
}
set output sprintf("%s/%s.%s", run, chart, kind)
set encoding utf8

set border 3 linecolor rgb "#888888"
set tics nomirror font ",10.5" textcolor rgb "#444444"
set errorbars 0
set grid ytics linetype 1 linecolor rgb "#e8e8e8" linewidth 1
unset key
set style textbox 1 opaque noborder fillcolor rgb "#ffffff" margins 0.5, 0.5
set style textbox 2 opaque noborder fillcolor rgb "#50ffffff" margins 0.3, 0.3

# Title, what the chart shows, and below it how and where it was measured.
title = value(chart . "_title")
set label 1001 "{/:Bold " . (strlen(title) ? title : what) . "}" \
    at screen 0.015, 0.95 font ",14" textcolor rgb "#222222"
set label 1002 (strlen(title) ? what : "") at screen 0.015, 0.893 noenhanced \
    textcolor rgb "#444444"
set label 1003 machine . "\n" . method \
    . (chart eq "held" ? "" : "\n" . remark) \
    at screen 0.015, 0.082 noenhanced font ",9" textcolor rgb "#666666"
