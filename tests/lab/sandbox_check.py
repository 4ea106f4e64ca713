"""The check of a step in the sandbox, and the outcome of each promise: for test_sandbox.py.

    sandbox_check.py LAB STEP
"""

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
lab, step = sys.argv[1:]
sys.path[:0] = [f"{lab}/command", f"{lab}/teacher"]
# pylint: disable=wrong-import-position
import course
import processes
import sandbox
from check import Check

processes.adopt_orphans()
processes.confinement = sandbox.student
item = next(one for one in course.items() if one.folder.name == step)
report = Check(item, Path.cwd(), None).run()
json.dump({one.name: one.outcome for one in report.judged}, sys.stdout)
print([(one.name, one.message) for one in report.judged if one.message], file=sys.stderr)
