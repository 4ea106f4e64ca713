"""The teacher's commands.  Students don't receive this folder, so `lab` has these only here.

Each module adds its own command: add(name, function, text, *arguments), as in command/__main__.py.
"""

import grade
import gradescope
import handout
import rubric
import similar


def add_commands(add) -> None:
    for module in (handout, grade, rubric, similar, gradescope):
        module.add_command(add)
