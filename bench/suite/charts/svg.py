"""gnuplot's SVG, made fit to stand in a page with many others.

Names within the page must be unique, so they get the chart's name in front.  The
colours of the paper become the page's own, so that it can be read in the dark.
What a point has to tell is a `title` in it, which browsers show by themselves.
"""

import re
from html import escape, unescape

# plots/common.gp has the same list.  The page says what they are: --ink and so on;
# what follows the comma is for a page that doesn't.
PAGE = {
    "#ffffff": "paper",
    "#222222": "ink",
    "#444444": "soft",
    "#666666": "faint",
    "#888888": "axis",
    "#e8e8e8": "rule",
    "#dddddd": "band",
}
# Text in a server's colour: darker than its line on white, lighter in the dark.
TEXTS = {
    "#b34f00": "#ff8a3d",
    "#a3527d": "#e39cc4",
    "#007a59": "#2cc79c",
    "#005b8e": "#5cb3ee",
    "#1a78b0": "#7cc8f2",
    "#946600": "#f0b840",
    "#6b4f33": "#c9a27c",
    "#6a57c9": "#b3a5ff",
    "#7d7200": "#d6c934",
    "#c02f57": "#ff86a6",
    "#3b3b8f": "#a3a3f5",
    "#3f7a33": "#86cf78",
}
RGB = re.compile(r"rgb\( *(\d+), *(\d+), *(\d+)\)")
COLOUR = re.compile(r"((?:stroke|fill|color|flood-color) ?= ?['\"])(#[0-9a-fA-F]{6})(['\"])")
EMPTY = re.compile(r"<g [^>]*>\s*</g>\s*")
HOVER = re.compile(
    r"<g onmousemove=\"gnuplot_svg\.showHypertext\(evt,'(.*?)'\)\""
    r" onmouseout=\"gnuplot_svg\.hideHypertext\(\)\"><title> </title>"
)
ALONE = re.compile(r'<g fill="none"[^>]*>\s*(<g class="value">.*?</g>)\s*</g>', re.DOTALL)


def css() -> str:
    """The colours that this module leaves to the page, for light and dark."""
    light = "".join(f"--t{old[1:]}: {old}; " for old in TEXTS)
    dark = "".join(f"--t{old[1:]}: {new}; " for old, new in TEXTS.items())
    return (
        f":root {{ --axis: #888888; --band: #dddddd; {light}}}\n"
        "@media screen and (prefers-color-scheme: dark)"
        f" {{ :root {{ --axis: #7d868e; --band: #3a4147; {dark}}} }}\n"
    )


def in_hex(match: re.Match) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in match.groups())


def colour_of_page(match: re.Match) -> str:
    colour = match.group(2)
    name = PAGE.get(colour.lower()) or ("t" + colour[1:] if colour in TEXTS else None)
    return f"{match.group(1)}var(--{name}, {colour}){match.group(3)}" if name else match.group(0)


def written_out(match: re.Match) -> str:
    return f"{float(match.group()):,.0f}"


def hover(match: re.Match) -> str:
    """What a point tells: no script, a title.  20,700 echoes/s, not 2.07e+04."""
    words = unescape(match.group(1).replace("\\n", "\n"))
    words = re.sub(r"(?<![\w.])(?:[\d.]+e\+\d+|\d{4,})(?![\w.])", written_out, words)
    words = re.sub(r"(?<=\d) us\b", " µs", words)
    return f'<g class="value"><title>{escape(words)}</title>'


def tidy(svg: str, name: str, title: str) -> str:
    """The SVG of a chart, to be put into HTML as it is; `name` is unique there."""
    svg = svg[svg.index("<svg") :]
    svg = ALONE.sub(r"\1", HOVER.sub(hover, svg))
    svg = re.sub(r"<title>(?:gnuplot_plot_|\$|\")?[^<]*</title>\s*(?=<g fill)", "", svg)
    svg = re.sub(r"<title>[^<]*</title>\s*<desc>[^<]*</desc>\s*", "", svg)
    svg = RGB.sub(in_hex, svg)
    svg = COLOUR.sub(colour_of_page, svg)
    svg = re.sub(r"(\bid=['\"]|href=['\"]#|url\(#)", rf"\g<1>{name}-", svg)
    while EMPTY.search(svg):
        svg = EMPTY.sub("", svg)
    label = escape(title, quote=True)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
