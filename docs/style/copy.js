// A button that copies a listing: without the numbers of callouts, and of a
// session the commands alone.  Nothing else on the page needs a script.
"use strict";

const commands = text =>
    text.split("\n").filter(line => /^[$>] /.test(line)).map(line => line.slice(2)).join("\n");

function textOf(pre) {
    const copy = pre.cloneNode(true);
    copy.querySelectorAll(".conum, .conum + b, .number").forEach(mark => mark.remove());
    const text = copy.textContent.replace(/[ \t]+$/gm, "");
    return pre.closest(".session") ? commands(text) : text;
}

if (navigator.clipboard) {
    document.querySelectorAll(".listingblock pre").forEach(pre => {
        const button = document.createElement("button");
        button.className = "copy";
        button.textContent = "Copy";
        button.addEventListener("click", async () => {
            try {
                await navigator.clipboard.writeText(textOf(pre));
                button.textContent = "Copied";
            } catch {
                button.textContent = "Not allowed";
            }
            setTimeout(() => { button.textContent = "Copy"; }, 2000);
        });
        pre.closest(".listingblock").append(button);
    });
}
