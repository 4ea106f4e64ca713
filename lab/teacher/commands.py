"""The teacher's commands.  Students don't receive this folder, so `lab` has these only here.

Each module adds its own command: add(name, function, text, *arguments), as in command/__main__.py.
"""

import grade
import handout


def add_commands(add) -> None:
    handout.add_command(add)
    grade.add_command(add)
