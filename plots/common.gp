# What all charts have in common: paper, type, one colour and one marker per server.
#
# bench/suite/charts.py pipes to gnuplot, and then loads plots/NAME.gp:
#
#     kind      svg, png or dumb
#     servers   their names, in the order in which they are drawn
#     names     the same, as people call them
#     mine      those that somebody brought along;  peers: other ways to write it
#     title     an array: the title of each panel
#     panels    the numbers of the panels that have figures
#     $data     panel server x value low high suspect words, a line per figure,
#               in seconds, bytes or per second; suspect is 0 or 1
#
# A script says how many rows and columns of panels it has, loads this file, sets its
# axes, and draws panel p with `load "plots/lines.gp"`.

if (!exists("rows")) rows = 1
if (!exists("columns")) columns = 1
if (!exists("side")) side = 76      # pixels left of a panel
if (!exists("height")) height = 230  # pixels of a panel
if (!exists("foot")) foot = 66       # pixels below the last axes
if (!exists("title_lines")) title_lines = 1
if (!exists("published")) published = 0  # a panel that is drawn dotted in another
if (!exists("keyed")) keyed = 1      # 0: the servers' names are on an axis

# --- The page's colours: the report replaces them, to be readable in the dark.
ink = "#222222"
faint = "#666666"
rule = "#e0e0e0"

# --- Servers.  The colours of Okabe and Ito can be told apart by people with any
# colour vision, and so can the markers.  Peers are grey.
four = "select_server poll_server epoll_lt_server epoll_et_server"
colors = "#d55e00 #cc79a7 #009e73 #0072b2"
filled = "5 9 7 13"  # and the hollow one is the one before
other_colors = "#e69f00 #56b4e9 #8f7ee6 #a08a00"
other_filled = "11 15 5 9"
peer_markers = "1 2 3 10 8 4"
place(s, list) = sum [i = 1:words(list)] (word(list, i) eq s ? i : 0)
pick(s, ours, others) = place(s, four) ? word(ours, place(s, four)) \
    : word(others, (place(s, mine) + 3) % 4 + 1)
is_peer(s) = place(s, peers) > 0
color(s) = is_peer(s) ? "#888888" : pick(s, colors, other_colors)
marker(s) = is_peer(s) ? int(word(peer_markers, place(s, peers) % 6 + 1)) \
    : int(pick(s, filled, other_filled))
hollow(s) = is_peer(s) ? marker(s) : marker(s) - 1
clip(s) = strlen(s) > 10 ? s[1:9] . "…" : s
name(s) = clip(word(names, place(s, servers)))
# Lines that coincide: the later one is thinner, so that both are seen.
width(s) = place(s, four) ? 5.5 - place(s, four) : 1.5

# --- The figures of panel p, server s.
set datafile missing NaN
only(yes, value) = yes ? value : NaN
is(p, s) = $1 == p && strcol(2) eq s
sound(p, s) = is(p, s) && $7 == 0
unsure(p, s) = is(p, s) && $7 == 1

# --- The paper: as wide as fits a phone when it is shrunk, and large type.
page = 520.0
key_columns = 4
key_rows = keyed ? (words(servers) + key_columns - 1) / key_columns : 0
top = 12.0 + 29 * key_rows
head = top + 18 + 24 * title_lines  # to the axes of the first row
gap = 58 + 24 * title_lines  # from one row to the next
page_height = head + rows * height + (rows - 1) * gap + foot
faces = "DejaVu Sans, Verdana, sans-serif"
if (kind eq "png") {
    set terminal pngcairo noenhanced size 2 * page, 2 * page_height \
        background "#ffffff" font "DejaVu Sans,11.5" fontscale 2 linewidth 2 \
        pointscale 2.8
} else {
    set terminal svg dynamic noenhanced size page, page_height font faces . ",16"
}
set micro
set border 3 linecolor rgb faint
set tics nomirror textcolor rgb faint scale 0.5
set grid ytics linetype 1 linecolor rgb rule linewidth 1
set title textcolor rgb ink
set xlabel textcolor rgb ink offset 0, 0.3
set ylabel textcolor rgb ink
set format x "%.0s%c"
set format y "%.0s%c"
unset key

# The key: a marker and a name for each server, four side by side.
if (keyed) {
    do for [i = 1:words(servers)] {
        set label i name(word(servers, i)) left offset 1.3, -0.3 noenhanced \
            at screen (16 + 128 * ((i - 1) % key_columns)) / page, \
            screen 1 - (18 + 29 * ((i - 1) / key_columns)) / page_height \
            point pointtype marker(word(servers, i)) pointsize 1.2 linewidth 2 \
            linecolor rgb color(word(servers, i)) textcolor rgb ink
    }
}
set multiplot layout rows, columns \
    margins side / page, 1 - 28 / page, foot / page_height, 1 - head / page_height \
    spacing 78 / page, gap / page_height
