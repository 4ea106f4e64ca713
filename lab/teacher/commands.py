"""The teacher's commands.  Students don't receive this folder, so `lab` has these only here.

Each module adds its own command: add(name, function, text, *arguments), as in command/__main__.py.
"""

import grade


def add_commands(add) -> None:
    grade.add_command(add)
