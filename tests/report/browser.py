"""A headless Chromium, and what it can tell about a page.

Everything is asked by a few lines of script that run in the page; what they find
wrong comes back as a list of sentences, so that a failing test says what to look
at.  Chromium's own protocol (CDP) sets what a person would: the width of the
window, dark or light, paper.
"""

import base64
import os
import shutil
import tempfile
from pathlib import Path

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
except ImportError:
    webdriver = None

WIDTHS = {"wide": (1280, 900), "phone": (390, 844)}
SECONDS = 60  # for anything that the browser is asked to do

# What can be seen: has a size, and nobody above it hides it.
SHARED = """
const seen = e => e.getClientRects().length > 0
    && e.checkVisibility({ visibilityProperty: true });
const words = e => e.textContent.trim().replace(/\\s+/g, " ");
const charts = () => [...document.querySelectorAll("figure svg")].filter(seen);
const nameOf = svg => svg.closest("section").id;
"""

GROUND = "return getComputedStyle(document.documentElement).backgroundColor"

# Marks are what the data drew, not the axes.
MARKS = """
const counts = {};
for (const svg of charts()) {
    const kinds = ["path", "use", "polygon"].map(kind => `[id*=plot_] ${kind}`);
    const marks = [...svg.querySelectorAll(kinds)];
    counts[nameOf(svg)] = marks.filter(m => m.getBoundingClientRect().width > 2).length;
}
return counts;
"""

# The box of a line of text is higher than its letters: a fifth at each end is air.
OVERLAPS = """
const found = [];
for (const svg of charts()) {
    const paper = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].filter(t => words(t) && seen(t)).map(t => {
        const box = t.getBoundingClientRect();
        const upright = box.height > 3 * parseFloat(getComputedStyle(t).fontSize);
        const dy = upright ? 0 : box.height / 5, dx = upright ? box.width / 5 : 0;
        return { say: words(t), left: box.left + dx, right: box.right - dx,
                 top: box.top + dy, bottom: box.bottom - dy };
    });
    texts.forEach((a, i) => {
        if (a.left < paper.left - 1 || a.right > paper.right + 1
                || a.top < paper.top - 1 || a.bottom > paper.bottom + 1) {
            found.push(`${nameOf(svg)}: '${a.say}' is cut off`);
        }
        for (const b of texts.slice(i + 1)) {
            const same = a.say === b.say && Math.abs(a.left - b.left) < 1
                && Math.abs(a.top - b.top) < 1; // drawn twice: a label with a ground
            const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (!same && wide > 1 && high > 1) {
                found.push(`${nameOf(svg)}: '${a.say}' lies on '${b.say}'`);
            }
        }
    });
}
return found;
"""

# Contrast as the Web Content Accessibility Guidelines define it: 4.5 for text.
CONTRAST = r"""
const part = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const rgba = colour => {
    const n = colour.match(/[\d.]+/g).map(Number);
    return { r: n[0], g: n[1], b: n[2], a: n.length > 3 ? n[3] : 1 };
};
const light = c => 0.2126 * part(c.r / 255) + 0.7152 * part(c.g / 255) + 0.0722 * part(c.b / 255);
const ground = e => {
    for (; e; e = e.parentElement) {
        const colour = rgba(getComputedStyle(e).backgroundColor);
        if (colour.a > 0) return colour;
    }
    return { r: 255, g: 255, b: 255, a: 1 };
};
const found = new Set();
for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && /[\p{L}\p{N}]/u.test(n.data));
    if (!own || !seen(e) || e.closest(".unseen, .skip, title")) continue;
    const style = getComputedStyle(e);
    const colour = e.closest("svg") ? style.fill : style.color;
    if (!colour.startsWith("rgb")) continue;
    const [a, b] = [light(rgba(colour)), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.add(`'${words(e).slice(0, 40)}' ${colour}: ${ratio.toFixed(2)}`);
}
return [...found];
"""

# An area of a chart that stayed bright in the dark.
BRIGHT = """
const found = [];
for (const svg of charts()) {
    for (const area of svg.querySelectorAll("rect, polygon, path")) {
        const box = area.getBoundingClientRect(), fill = getComputedStyle(area).fill;
        const [r, g, b] = (fill.match(/[\\d.]+/g) || [0, 0, 0]).map(Number);
        if (box.width * box.height > 60 && Math.min(r, g, b) > 200) {
            found.push(`${nameOf(svg)}: ${area.tagName} ${fill}`);
        }
    }
}
return found;
"""

# Headings without gaps, names that are unique, links that lead somewhere.
STRUCTURE = """
const found = [];
const all = selector => [...document.querySelectorAll(selector)];
const levels = all("h1, h2, h3, h4, h5, h6").map(h => Number(h.tagName[1]));
if (levels.filter(level => level === 1).length !== 1) found.push("not one h1");
levels.forEach((level, i) => {
    if (i && level > levels[i - 1] + 1) found.push(`h${level} follows h${levels[i - 1]}`);
});
for (const part of ["header", "nav", "main", "footer"]) {
    if (all(part).length !== 1) found.push(`${all(part).length} elements ${part}`);
}
const ids = all("[id]").map(e => e.id);
ids.filter((id, i) => ids.indexOf(id) !== i).forEach(id => found.push(`two are called ${id}`));
for (const link of all("a[href^='#']")) {
    if (!document.getElementById(link.getAttribute("href").slice(1))) {
        found.push(`${link.getAttribute("href")} leads nowhere`);
    }
}
for (const use of all("use")) {
    const to = use.getAttribute("xlink:href") || use.getAttribute("href");
    if (!document.getElementById(to.slice(1))) found.push(`a mark ${to} isn't there`);
}
for (const attribute of ["aria-labelledby", "aria-describedby"]) {
    for (const e of all(`[${attribute}]`)) {
        const named = document.getElementById(e.getAttribute(attribute));
        if (!named) found.push(`${attribute} of nothing`);
    }
}
for (const svg of all("figure svg")) {
    if (!svg.getAttribute("aria-label")) found.push("a chart without a name");
}
for (const th of all("th")) if (!th.scope) found.push(`header '${words(th)}' of what?`);
if (!document.documentElement.lang) found.push("no language");
return found;
"""


def available() -> bool:
    return bool(CHROMIUM and DRIVER and webdriver)


class Browser:
    """One Chromium for all pages; close it."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="four-ways-browser-")
        options = Options()
        options.binary_location = CHROMIUM
        for flag in ("headless=new", "disable-gpu", "disable-dev-shm-usage", "no-first-run",
                     "disable-background-networking", f"user-data-dir={self.home}"):
            options.add_argument(f"--{flag}")
        if os.geteuid() == 0:  # Chromium's own sandbox refuses root
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        self.driver.set_page_load_timeout(SECONDS)
        self.driver.set_script_timeout(SECONDS)

    def close(self) -> None:
        self.driver.quit()
        shutil.rmtree(self.home, ignore_errors=True)

    def command(self, name: str, **arguments) -> dict:
        return self.driver.execute_cdp_cmd(name, arguments)

    def ask(self, script: str):
        return self.driver.execute_script(SHARED + script)

    def show(self, page: Path, width: str = "wide", scheme: str = "light"):
        """Load a page from disk, as this person would see it."""
        wide, high = WIDTHS[width]
        self.medium("screen", scheme)
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=wide, height=high, deviceScaleFactor=1, mobile=width == "phone",
        )
        self.driver.get(page.resolve().as_uri())

    def medium(self, kind: str, scheme: str = "light") -> None:
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},  # no waiting for scrolling
        ]
        self.command("Emulation.setEmulatedMedia", media=kind, features=features)

    def complaints(self) -> list[str]:
        """What the console got since the last time, but for Chromium's own first page."""
        said = [entry["message"] for entry in self.driver.get_log("browser")]
        return [message for message in said if not message.startswith("chrome://")]

    def printed(self) -> bytes:
        """The PDF that a person would get.  Emulated media would be printed, too: none."""
        self.command("Emulation.setEmulatedMedia", media="", features=[])
        return base64.b64decode(self.command("Page.printToPDF", printBackground=True)["data"])

    def picture(self, path: Path) -> None:
        """The whole page, for a person to look at."""
        shot = self.command("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))
