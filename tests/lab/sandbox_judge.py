"""A judge for test_sandbox.py: compile server.c, start it, send it a line, and print what was seen.

    sandbox_judge.py LAB [SECONDS]      so long it has for its harm
"""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path[:0] = [f"{sys.argv[1]}/command", f"{sys.argv[1]}/teacher"]
# pylint: disable=wrong-import-position
import compiler
import processes
import sandbox

SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 1.5
LINE = b"a line\n"


def echo(port: int) -> bool:
    try:
        with socket.create_connection((processes.HOST, port), 3) as client:
            client.settimeout(3)
            client.sendall(LINE)
            return client.recv(64) == LINE
    except OSError:
        return False


def look(folder: Path) -> dict:
    compiled = compiler.compile_server(folder)
    if not compiled.works:
        return {"compiled": False, "printed": (compiled.message or "").splitlines()}
    try:
        server = processes.start_server(lambda port: ["./server", str(port)], folder)
    except processes.NotServing as problem:
        return {"compiled": True, "served": False, "printed": str(problem).splitlines()}
    served = echo(server.port)
    time.sleep(SECONDS)
    seen = {
        "compiled": True, "served": served, "again": echo(server.port),
        "processes": len(processes.family(server.process.pid)),
    }
    os.kill(server.process.pid, signal.SIGTERM)
    processes.end_all()
    return seen | {"printed": server.lines()[:100], "files": sorted(os.listdir(folder))}


processes.adopt_orphans()
processes.confinement = sandbox.student
json.dump(look(Path.cwd()), sys.stdout)
