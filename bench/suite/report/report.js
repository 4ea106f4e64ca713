// Values under the pointer, for the charts of report.html; and on paper all that
// is folded is open.  The page is whole without this: marks have titles, which
// browsers show by themselves, slowly, and every figure stands in a table.
"use strict";

const REACH = 28; // pixels from the pointer within which a mark is near

// A title becomes data, so that the browser doesn't show it a second time.
function takeTitles(chart) {
    const marks = [];
    for (const title of chart.querySelectorAll("svg g > title")) {
        const words = title.textContent.trim();
        if (words) {
            title.parentNode.dataset.value = words;
            marks.push(title.parentNode);
        }
        title.remove();
    }
    return marks;
}

// The mark nearest to the pointer, or null.
function nearest(marks, x, y) {
    let best = null, least = REACH;
    for (const mark of marks) {
        const box = mark.getBoundingClientRect();
        const dx = x - (box.left + box.width / 2), dy = y - (box.top + box.height / 2);
        const away = Math.hypot(dx, dy);
        if (box.width > 0 && away < least) {
            best = mark;
            least = away;
        }
    }
    return best;
}

// Beside the mark, within the window, and moving with the page.
function place(box, mark) {
    const at = mark.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    const left = Math.min(at.right + 10, width - box.offsetWidth - 8);
    const above = at.top - box.offsetHeight - 8;
    box.style.left = `${scrollX + Math.max(left, 8)}px`;
    box.style.top = `${scrollY + (above > 8 ? above : at.bottom + 8)}px`;
}

function watch(chart, box) {
    const marks = takeTitles(chart);
    chart.addEventListener("pointermove", show);
    chart.addEventListener("pointerdown", show);
    chart.addEventListener("pointerleave", () => { box.hidden = true; });

    function show(event) {
        const mark = nearest(marks, event.clientX, event.clientY);
        box.hidden = mark === null;
        if (mark !== null) {
            box.textContent = mark.dataset.value;
            place(box, mark);
        }
    }
}

// Those that paper opened are closed again afterwards.
function openForPaper() {
    let opened = [];
    addEventListener("beforeprint", () => {
        opened = [...document.querySelectorAll("details:not([open])")];
        opened.forEach(part => { part.open = true; });
    });
    addEventListener("afterprint", () => {
        opened.forEach(part => { part.open = false; });
    });
}

addEventListener("DOMContentLoaded", () => {
    const box = document.getElementById("value");
    document.querySelectorAll(".chart").forEach(chart => watch(chart, box));
    openForPaper();
});
