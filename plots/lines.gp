# Panel p: a line with markers for each server, thin bars for the intervals,
# hollow markers where the figure is suspect.  Dotted: panel `published`, if set.

set title title[p]
plot for [s in servers] $data using (only(is(published, s), $3)):4 with lines \
        linewidth 2 dashtype "." linecolor rgb color(s) notitle, \
    for [s in servers] $data using (only(is(p, s), $3)):4 with lines \
        linewidth width(s) linecolor rgb color(s) notitle, \
    for [s in servers] $data using (only(is(p, s), $3)):4:5:6 with yerrorbars \
        pointtype -1 linewidth 1.5 linecolor rgb color(s) notitle, \
    for [s in servers] $data using (only(sound(p, s), $3)):4 with points \
        pointtype marker(s) pointsize 1.1 linecolor rgb color(s) notitle, \
    for [s in servers] $data using (only(unsure(p, s), $3)):4 with points \
        pointtype hollow(s) pointsize 1.1 linewidth 2 linecolor rgb color(s) notitle
unset label
