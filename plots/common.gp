# What all charts have in common: the colours and the paper.
#
# A script sets `chart` and `what`, a line on what it shows, loads this file and
# then lines.gp or rows.gp, which draw the panels.  It is run in the top folder of
# the repository, and these may be given with -e:
#
#     run     the results folder of a benchmark
#     layout  wide, for a screen, or narrow, for a phone: panels one below the
#             other (wide)
#     kind    svg, png, or report: SVG on stdout, in which each point knows its
#             value (svg)
#
# gnuplot warns of every plot that has "no valid points": of a server without a
# hollow point, say.  That is all right.

if (!exists("kind")) kind = "svg"
if (!exists("layout")) layout = "wide"
if (!exists("axis_height")) axis_height = 48  # and below a panel for its x axis
if (!exists("uneven")) uneven = 0  # 1: each panel has a height of its own
if (!exists("keyed")) keyed = 0  # 1: the names of the servers are in a key
if (!exists("key_height")) key_height = 0  # room for a key below the title
wide = layout eq "wide"
load "plots/data.gp"

# --- The colours of the page.  The report replaces them by its own, so that it
# can be read in the dark: bench/suite/charts/svg.py has the same list.
paper = "#ffffff"
ink = "#222222"
soft = "#444444"
faint = "#666666"
axis = "#888888"
rule = "#e8e8e8"
band = "#dddddd"

# --- One colour and one marker for a server, everywhere.  The colours are those
# of Okabe and Ito, which people with any colour vision can tell apart.
# Text has the same hue, darker, because letters are thin.  Peers are grey.
four = "select_server poll_server epoll_lt_server epoll_et_server"
colors = "#d55e00 #cc79a7 #009e73 #0072b2"
text_colors = "#b34f00 #a3527d #007a59 #005b8e"
filled = "5 9 7 13"
hollow = "4 8 6 12"
more_colors = "#56b4e9 #e69f00 #7a5c3e #8f7ee6 #b0a000 #e8567c #3b3b8f #5fa052"
more_text_colors = \
    "#1a78b0 #946600 #6b4f33 #6a57c9 #7d7200 #c02f57 #3b3b8f #3f7a33"
more_filled = "11 15 5 9 7 13 11 15"
more_hollow = "10 14 4 8 6 12 10 14"
peer_color = "#999999"
place(s, list) = sum [i = 1:words(list)] (word(list, i) eq s ? i : 0)
pick(s, ours, more) = place(s, four) ? word(ours, place(s, four)) \
    : word(more, (place(s, mine) + words(more) - 1) % words(more) + 1)
peer(s) = place(s, peers) > 0 || s eq "floor"
color(s) = peer(s) ? peer_color : pick(s, colors, more_colors)
pale(s) = "#80" . substr(color(s), 2, 7)
text_color(s) = peer(s) ? faint : pick(s, text_colors, more_text_colors)
full_point(s) = int(pick(s, filled, more_filled))
hollow_point(s) = int(pick(s, hollow, more_hollow))
# Lines that coincide: the later one is thinner, so that both are seen.
width(s) = place(s, four) ? 4.6 - 0.9 * place(s, four) : 1.5
everyone = servers . " " . peers
name(s) = word(names, place(s, everyone))

# --- Text that is broken into lines of at most n characters.
cut(s, n) = n < 2 ? strlen(s) : s[n:n] eq " " ? n : cut(s, n - 1)
wrap(s, n, between) = strlen(s) <= n ? s \
    : s[1:cut(s, n)] . between . wrap(s[cut(s, n) + 1:*], n, between)
lines(s) = strstrt(s, "\n") ? 1 + lines(s[strstrt(s, "\n") + 1:*]) : 1

line_of(s, i) = i > 1 ? line_of(s[strstrt(s, "\n") + 1:*], i - 1) \
    : strstrt(s, "\n") ? s[1:strstrt(s, "\n") - 1] : s

# The title is what was found; where nothing can be said, what is shown.
headline = of_chart("headline")
title = wrap(strlen(headline) ? headline : what, wide ? 92 : 35, "\n")
below = strlen(headline) ? wrap(what, wide ? 130 : 50, "\n") : ""
caption(s) = strlen(s) ? "\n" . wrap(s, wide ? 140 : 54, "\n") : ""
foot = caption(machine) . caption(of_chart("method")) \
    . caption(of_chart("remark"))
foot = foot[2:*]

# --- The paper, in pixels from its top left corner.  Panels are as high as the
# suite says, which counted the labels.
page = wide ? 960 : 390
columns = wide ? of_chart("columns") : 1
panel_height = of_chart("height_" . layout)
key_columns = wide ? 8 : 3
if (keyed) { key_height = 17 * ((words(servers) - 1) / key_columns + 1) + 4 }
head_height = key_height + 16 + 20 * lines(title) \
    + (strlen(below) ? 17 * lines(below) : 0)
tall(p) = uneven ? of_panel("height", p) : panel_height
rows_above(n) = sum [i = 1:n] (30 + axis_height + deepest_of(i))
deepest_of(i) = columns > 1 ? panel_height : tall(i)
page_height = head_height + rows_above((panels + columns - 1) / columns) \
    + 14 * lines(foot) + 12
cell = 1.0 * page / columns
across(p) = (p - 1) % columns
panel_top(p) = head_height + 30 + rows_above((p - 1) / columns)
at_x(pixel) = 1.0 * pixel / page
at_y(pixel) = 1 - 1.0 * pixel / page_height

faces = "DejaVu Sans, Verdana, sans-serif"  # what a browser may take
if (kind eq "png") {
    set terminal pngcairo size 2 * page, 2 * page_height enhanced \
        background paper font "DejaVu Sans,11.5" \
        fontscale 1.5 linewidth 2 pointscale 2.6
} else {
    set terminal svg size page, page_height enhanced background paper \
        font faces . ",11.5" name prefix . "_" . layout
}
if (kind ne "report") {
    set output sprintf("%s/%s%s.%s", run, chart, wide ? "" : "-narrow", kind)
}

set border 3 linecolor rgb axis
set tics nomirror font ",11" textcolor rgb soft scale 0.6
unset key
set style textbox 1 opaque noborder fillcolor rgb paper margins 0.5, 0.5
set style textbox 2 opaque noborder fillcolor rgb paper margins 0.3, 0.3

do for [i = 1:lines(title)] {
    set label 1000 + i "{/:Bold " . line_of(title, i) . "}" \
        at screen at_x(14.0), at_y(8 + 20 * i) font ",15" textcolor rgb ink
}
do for [i = 1:lines(below)] {
    set label 1020 + i line_of(below, i) noenhanced font ",12" \
        textcolor rgb soft \
        at screen at_x(14.0), at_y(10 + 20 * lines(title) + 17 * i)
}
do for [i = 1:lines(foot)] {
    set label 1040 + i line_of(foot, i) noenhanced font ",11" \
        textcolor rgb faint \
        at screen at_x(14.0), at_y(page_height - 12 - 14 * (lines(foot) - i))
}

if (keyed) {
    do for [i = 1:words(servers)] {
        set label 1060 + i name(word(servers, i)) noenhanced font ",11" \
            at screen at_x(14 + 122 * ((i - 1) % key_columns)), \
            at_y(head_height - key_height + 10 + 17 * ((i - 1) / key_columns)) \
            textcolor rgb text_color(word(servers, i))
    }
}

# Where text stands beside a panel it is drawn by a second plot on top, which is
# as wide as the cell and has pixels on its x axis.
text_layer = "set lmargin at screen at_x(cell * across(p));" \
    . "set rmargin at screen at_x(cell * (across(p) + 1));" \
    . "unset logscale x; set xrange [0:cell]; unset xtics; set border 0"

# What a point tells when the pointer is over it: only the report wants to know.
asked = kind eq "report" ? everyone : "nobody"
