#!/usr/bin/env bash
# Prepare Gradescope's container: install the packages, and build the programs that test a
# server.  Gradescope runs this once, as root, when it builds the image.
set -euo pipefail
cd /autograder/source

# Ubuntu 22.04 has an older Python, and 3.11 beside it.
bench/need python3
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    bench/need python3.11 || {
        echo "The lab needs Python 3.11.  In Gradescope, choose Ubuntu 22.04 or newer." >&2
        exit 1
    }
    ln -sf "$(command -v python3.11)" /autograder/python
else
    ln -sf "$(command -v python3)" /autograder/python
fi

bench/need bubblewrap
PYTHONPATH=lab/command /autograder/python -B - <<'PYTHON'
import conformance
from build import build_programs

conformance.program()
build_programs(print)
PYTHON

# The hidden cases and the solutions are none of a submission's business.
chmod 700 /autograder/source
