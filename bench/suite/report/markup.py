"""HTML made with Python's own means, every text in it escaped.

What a page shows comes from outside: the name of a server, the last words of a
program that died.  So text is escaped unless `el` itself has made it: a str
becomes text, a Markup stays what it is.
"""

import html

VOID = {"br", "col", "hr", "link", "meta"}  # elements without an end


class Markup(str):
    """Text that is HTML already."""


def text(value: object) -> Markup:
    """Escaped; what can't be shown, as a control character, becomes U+FFFD."""
    if isinstance(value, Markup):
        return value
    seen = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in str(value))
    return Markup(html.escape(seen))


def join(parts, between: str = "") -> Markup:
    """Any number of parts, also lists of parts; None is left out."""
    made = []
    for part in parts:
        if part is not None:
            made.append(join(part) if isinstance(part, (list, tuple)) else text(part))
    return Markup(text(between).join(made))


def attribute(name: str, value: object) -> str:
    """class_ is class, aria_label is aria-label; True is an attribute without value."""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(value)}"'


def el(element: str, /, *inside: object, **attributes: object) -> Markup:
    """An element.  Attributes that are None or False are left out."""
    given = [attribute(k, v) for k, v in attributes.items() if v is not None and v is not False]
    start = f"<{element}{''.join(given)}>"
    return Markup(start if element in VOID else f"{start}{join(inside)}</{element}>")
