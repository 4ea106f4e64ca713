"""lab grade: grade submissions, several at a time."""


def add_command(add) -> None:
    add("grade", grade, "Grade submissions.", ("folders", {"metavar": "FOLDER", "nargs": "+"}))


def grade(_options) -> int:
    return 0
