"""The same C, written differently.

Each rewrite takes the body of a function, in which a statement stands on one line and
a number for each string, and changes about half of the places where it applies.  None
of them changes what the program does: that is seen by running the whole conformance
suite on a server that is disguised and not broken."""

import re
from random import Random
from typing import Callable

from c_text import closing, skip_space, statement_end

# What may stand beside an operator without brackets, and with nothing to do before it.
ATOM = r"(?:[A-Za-z_]\w*(?:(?:->|\.)\w+|\[\w+\])*|\d+|«\d+»)"
CALL = r"(?:\w+\((?:[^()]|\([^()]*\))*\))"
OPERAND = rf"(?:{CALL}|{ATOM})"
CONSTANT = re.compile(r"\d+|[A-Z][A-Z_0-9]+")
COMPARE = r"(?:[<>]=?|[!=]=)"
BEFORE = r"(?:(?<=\()|(?<=&& )|(?<=\|\| )|(?<=return )|(?<== )|(?<=, ))"
BEHIND = r"(?=\)|;|,| &&| \|\|| \?)"
LEAF_BEFORE = r"(?:^|(?<=&& )|(?<=\|\| )|(?<= \())"
LEAF_BEHIND = r"(?=$|\)$| &&| \|\|)"
TYPE = r"(?:(?:const |unsigned |struct |enum )*\w+ \**)"

FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
INVERSE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}


class Chance:
    """Which places are rewritten, and how much is known of the program's names."""

    def __init__(self, random: Random, truths: set[str]):
        self.random = random
        self.truths = truths  # variables, fields and functions of type bool
        self.usual = 0.5

    def __call__(self, factor: float = 1.0) -> bool:
        return self.random.random() < self.usual * factor

    def substitute(self, pattern: str, change: Callable, body: str, factor: float = 1.0) -> str:
        """What `change` returns for a match takes its place; None leaves it alone."""

        def maybe(match: re.Match) -> str:
            new = change(match) if self(factor) else None
            return match[0] if new is None else new

        return re.sub(pattern, maybe, body, flags=re.M)


def negated(condition: str) -> str | None:
    """The opposite of a simple condition, or of simple ones joined by && or ||."""
    for joint, other in ((" && ", " || "), (" || ", " && ")):
        if joint in condition and other not in condition:
            parts = [negated(part) for part in condition.split(joint)]
            return None if None in parts else other.join(parts)
    compared = re.fullmatch(rf"({OPERAND}) ({COMPARE}) ({OPERAND})", condition)
    if compared:
        return f"{compared[1]} {INVERSE[compared[2]]} {compared[3]}"
    if re.fullmatch(f"!{OPERAND}", condition):
        return condition[1:]
    return f"!{condition}" if re.fullmatch(OPERAND, condition) else None


def flip_comparisons(body: str, chance: Chance) -> str:
    """a < b: b > a"""

    def flip(match: re.Match) -> str | None:
        left, operator, right = match.groups()
        constant = CONSTANT.fullmatch(left) or CONSTANT.fullmatch(right)
        if constant and chance.random.random() < 0.5:  # less natural
            return None
        calls = "(" in left or "(" in right
        return None if calls and not constant else f"{right} {FLIPPED[operator]} {left}"

    return chance.substitute(
        rf"{BEFORE}({OPERAND}) ({COMPARE}) ({OPERAND}){BEHIND}", flip, body)


def commute(body: str, chance: Chance) -> str:
    """a + b: b + a"""
    behind = r"(?=\)|;|,| [<>=!]=? )"
    return chance.substitute(
        rf"{BEFORE}({ATOM}) ([*+&|]) ({ATOM}){behind}",
        lambda match: f"{match[3]} {match[2]} {match[1]}", body)


def swap_conditions(body: str, chance: Chance) -> str:
    """a == 1 && b == 2: b == 2 && a == 1, if nothing is looked up in them"""
    plain = rf"(?:\w+|«\d+») {COMPARE} (?:\w+)"
    return chance.substitute(
        rf"(?<=[( ])({plain}) (&&|\|\|) ({plain})(?=\))",
        lambda match: f"{match[3]} {match[2]} {match[1]}", body)


def in_conditions(body: str, change: Callable[[str], str]) -> str:
    """Change what stands in the brackets of each if and while."""
    for match in reversed(list(re.finditer(r"\b(?:if|while) (?=\()", body))):
        end = closing(body, match.end())
        body = body[: match.end() + 1] + change(body[match.end() + 1 : end]) + body[end:]
    return body


def respell_tests(body: str, chance: Chance) -> str:
    """!x: x == 0, and the other way round"""

    def spell_out(match: re.Match) -> str:
        name = re.findall(r"\w+", re.sub(r"[(\[].*", "", match[1]))[-1]
        return f"{match[1]} == {'false' if name in chance.truths else '0'}"

    def shorten(match: re.Match) -> str:
        return match[1] if match[2] == "!=" else f"!{match[1]}"

    def change(condition: str) -> str:
        spelled = chance.substitute(
            rf"{LEAF_BEFORE}!({OPERAND}){LEAF_BEHIND}", spell_out, condition)
        if spelled != condition:
            return spelled
        return chance.substitute(
            rf"{LEAF_BEFORE}({OPERAND}) ([!=]=) (?:NULL|0|false){LEAF_BEHIND}", shorten, condition)

    return in_conditions(body, change)


def flip_choices(body: str, chance: Chance) -> str:
    """c ? a : b: !c ? b : a"""
    condition = rf"{OPERAND}(?: {COMPARE} {OPERAND})?"
    choice = rf"(?:&?{OPERAND})"

    def flip(match: re.Match) -> str | None:
        opposite = negated(match[1])
        return opposite and f"{opposite} ? {match[3]} : {match[2]}"

    return chance.substitute(
        rf"{BEFORE}({condition}) \? ({choice}) : ({choice})(?=[;,)])", flip, body)


def swap_branches(body: str, chance: Chance) -> str:
    """if (c) a; else b;: if (!c) b; else a;"""
    for match in reversed(list(re.finditer(r"\bif (?=\()", body))):
        end = closing(body, match.end())
        opposite = negated(body[match.end() + 1 : end])
        first = skip_space(body, end + 1)
        first_end = statement_end(body, first)
        other = re.compile(r"\s+else\s+").match(body, first_end)
        if opposite is None or other is None or not chance():
            continue
        second, second_end = other.end(), statement_end(body, other.end())
        a, b = body[first:first_end], body[second:second_end]
        nested = re.match("if|for|while|switch|do", a) or re.match("if|for|while|switch|do", b)
        if nested or (a[0] == "{") != (b[0] == "{"):
            continue
        body = (f"{body[: match.end()]}({opposite}){body[end + 1 : first]}{b}"
                f"{other[0]}{a}{body[second_end:]}")
    return body


def can_declare(body: str, start: int) -> bool:
    """May a declaration stand here: in a block, not alone behind an if?"""
    return body[:start].rstrip()[-1:] in ("{", ";", "}", "") and not re.search(
        r"\)\s*$", body[:start])


def loop_body(body: str, start: int, indent: str, last: str) -> tuple[str, int]:
    """The block of a loop, with `last` as its last statement, and where the old one ends."""
    end = statement_end(body, start)
    inner = f"{indent}    {last}\n" if last else ""
    if body[start] == "{":
        return body[start : end - 1].rstrip(" ") + inner + indent + "}", end
    old = body[start:end]
    return (f"{{\n{indent}    {old}\n{inner}{indent}}}" if last else old), end


def turn_for_into_while(body: str, chance: Chance) -> str:
    """for (int i = 0; i < n; i++) ...: int i = 0; while (i < n) { ... i++; }"""
    pattern = r"^( *)for \(([^;\n]*); ?([^;\n]*); ?"
    for match in reversed(list(re.finditer(pattern, body, re.M))):
        indent, begin, condition = match.groups()
        end = closing(body, body.index("(", match.start()))
        step = body[match.end() : end]
        start = skip_space(body, end + 1)
        old = body[start : statement_end(body, start)]
        variable = re.match(rf"{TYPE}(\w+) =", begin)
        twice = variable and len(re.findall(rf"\w[ *]+{variable[1]} = ", body)) > 1
        if not chance() or twice or (step and "continue" in old):
            continue
        if begin and not can_declare(body, match.start()):
            continue
        block, old_end = loop_body(body, start, indent, f"{step};" if step else "")
        before = f"{indent}{begin};\n" if begin else ""
        gap = " " if block[0] == "{" else f"\n{indent}    "
        body = (f"{body[: match.start()]}{before}{indent}while ({condition or 'true'}){gap}"
                f"{block}{body[old_end:]}")
    return body


def turn_while_into_for(body: str, chance: Chance) -> str:
    """while (c): for (; c;)"""

    def turn(match: re.Match) -> str:
        condition = "" if match[2] == "true" else match[2]
        return f"{match[1]}for (;{' ' if condition else ''}{condition};){match[3] or ''}"

    return chance.substitute(r"^( *)while \((.*)\)( \{)?$", turn, body, 0.6)


def turn_do_into_loop(body: str, chance: Chance) -> str:
    """do { ... } while (c);: for (;;) { ... if (!c) break; }"""

    def turn(match: re.Match) -> str | None:
        indent, inner, condition = match.groups()
        opposite = negated(condition)
        if opposite is None or re.search(r"\b(?:break|continue)\b", inner):
            return None
        return (f"{indent}for (;;) {{\n{inner}{indent}    if ({opposite})\n"
                f"{indent}        break;\n{indent}}}")

    return chance.substitute(
        r"^( *)do \{\n((?:\1 .*\n)+)\1\} while \((.*)\);$", turn, body)


def split_declarations(body: str, chance: Chance) -> str:
    """int a = f();: int a; a = f();"""

    def split(match: re.Match) -> str | None:
        indent, kind, name, value = match.groups()
        if re.search(r"\b(?:const|static|return|struct \w+ )\Z|^(?:const|static|return)\b", kind):
            return None
        if value[0] == "{" or re.search(r", \*?\w+ = ", value):
            return None
        return f"{indent}{kind}{name};\n{indent}{name} = {value};"

    return chance.substitute(rf"^( +)({TYPE})(\w+) = (.*);$", split, body, 0.7)


def name_results(body: str, chance: Chance, kind: str) -> str:
    """return f(x);: bool outcome = f(x); return outcome;"""
    word = chance.random.choice(["outcome", "answer", "result", "verdict"])
    if kind.split()[0] == "void" and "*" not in kind or word in body:
        return body
    space = "" if kind.endswith("*") else " "
    done = False

    def name(match: re.Match) -> str | None:
        nonlocal done
        indent, value = match.groups()
        if done or re.fullmatch(r"-?\d+|true|false|NULL|[A-Z_]+|\w+", value):
            return None
        if not can_declare(body, match.start()):
            return None
        done = True
        return f"{indent}{kind}{space}{word} = {value};\n{indent}return {word};"

    return chance.substitute(r"^( +)return (.*);$", name, body, 0.7)


def add_brackets(body: str, chance: Chance) -> str:
    """if (c) a;: if (c) { a; }"""
    return chance.substitute(
        r"^( *)(if|while|for) (\(.*\))\n( +(?!if|for|while|switch|do)\S.*;)$(?!\n *else)",
        lambda match: f"{match[1]}{match[2]} {match[3]} {{\n{match[4]}\n{match[1]}}}", body, 0.6)


def respell_steps(body: str, chance: Chance) -> str:
    """i++: ++i, or i += 1"""

    def respell(match: re.Match) -> str:
        place, sign = match[1] or match[4], (match[2] or match[3])[0]
        forms = [f"{place}{sign * 2}", f"{sign * 2}{place}", f"{place} {sign}= 1"]
        forms.remove(match[0])
        return chance.random.choice(forms)

    place = r"(\w+(?:(?:->|\.)\w+)*)"
    return chance.substitute(
        rf"(?:(?<=^)|(?<= )){place}(\+\+|--)(?=;|\)$|\) )|(?<= )(\+\+|--){place}(?=;)",
        respell, body, 1.2)


def respell_sums(body: str, chance: Chance) -> str:
    """a += b: a = a + b"""
    return chance.substitute(
        rf"^( +)({ATOM}) ([-+|])= ((?:\(\w+\))?{ATOM});$",
        lambda match: f"{match[1]}{match[2]} = {match[2]} {match[3]} {match[4]};", body)


def swap_lines(body: str, chance: Chance) -> str:
    """a = 1; b = 2;: b = 2; a = 1;, where neither knows of the other"""
    lines = body.split("\n")
    form = re.compile(rf"( +)(?:(?:static )?{TYPE})?(\*?{ATOM})(?: = ([^(){{}}]*))?;")
    for i in range(len(lines) - 1):
        one, other = form.fullmatch(lines[i]), form.fullmatch(lines[i + 1])
        if not one or not other or one[1] != other[1] or not independent(one, other):
            continue
        if i > 0 and re.search(r"(?:\)|else|:)$", lines[i - 1]):
            continue
        if chance():
            lines[i], lines[i + 1] = lines[i + 1], lines[i]
    return "\n".join(lines)


def independent(one: re.Match, other: re.Match) -> bool:
    steps = re.compile(r"\+\+|--|^\s*(?:return|break|continue|goto|case)\b|,")
    if steps.search(one[0]) or steps.search(other[0]):
        return False
    sets = [re.findall(r"[A-Za-z_]\w*", match[2].split("[")[0])[-1] for match in (one, other)]
    return not (re.search(rf"\b{sets[0]}\b", other[0]) or re.search(rf"\b{sets[1]}\b", one[0]))


REWRITES = [
    turn_while_into_for, turn_for_into_while, turn_do_into_loop, swap_branches, flip_choices,
    swap_lines, split_declarations, respell_sums, respell_steps, swap_conditions,
    respell_tests, flip_comparisons, commute, add_brackets,
]


def once(body: str, kind: str, chance: Chance) -> str:
    for rewrite in REWRITES:
        body = rewrite(body, chance)
    return name_results(body, chance, kind)


def rewritten(body: str, kind: str, chance: Chance) -> str:
    """The body of a function that returns `kind`, differently written if it can be."""
    new = once(body, kind, chance)
    if new == body:
        chance.usual = 1.0
        new = once(body, kind, chance)
        chance.usual = 0.5
    return new
