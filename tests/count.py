"""Add up a meson test log: python3 tests/count.py build/.../testlog.junit.xml

Prints "PASSED FAILED SKIPPED".  A test program that reports its cases by name
(TAP) counts once for each case, any other program once.
"""

import sys
import xml.etree.ElementTree as ElementTree


def count(path: str) -> tuple[int, int, int]:
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


print(*count(sys.argv[1]))
