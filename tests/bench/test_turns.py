"""Servers take turns: in the order that loadgen reports, and one at a time.

    python3 tests/bench/test_turns.py build/bench/loadgen/loadgen

The servers share one thread, which writes down the order in which messages come.
While one has its turn, no message may come to another.
"""

import itertools
import json
import selectors
import socket
import subprocess
import sys
import threading
import unittest

LOADGEN = sys.argv.pop(1)
CYCLES, ACTIVE = 12, 4


class Servers:
    """Echo servers on 127.0.0.1, and whose messages came: their numbers, in order."""

    def __init__(self, count: int) -> None:
        self.came: list[int] = []
        self.selector = selectors.DefaultSelector()
        self.words = []
        for number in range(count):
            listener = socket.create_server(("127.0.0.1", 0))
            self.selector.register(listener, selectors.EVENT_READ, (number, True))
            self.words.append(f"{number}=127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            for key, _ in self.selector.select():
                number, listens = key.data
                if listens:
                    connection, _ = key.fileobj.accept()
                    self.selector.register(connection, selectors.EVENT_READ, (number, False))
                else:
                    self.echo(key.fileobj, number)

    def echo(self, connection: socket.socket, number: int) -> None:
        try:
            message = connection.recv(65536)
        except ConnectionResetError:  # loadgen is done
            message = b""
        if not message:
            self.selector.unregister(connection)
            connection.close()
            return
        self.came.append(number)
        connection.send(message)


def places(trials: list[dict]) -> list[list[int]]:
    """For each cycle, the servers in the order of their turns."""
    return [
        [int(t["server"]) for t in sorted(trials, key=lambda t: t["turns"]["place"][cycle])]
        for cycle in range(CYCLES)
    ]


def measure(servers: Servers, *options: str) -> list[dict]:
    """The trials of one point."""
    command = [LOADGEN, f"--active={ACTIVE}", f"--cycles={CYCLES}", "--settle=0", "--turn=0.005"]
    command += [*options, "--json=-", *servers.words]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["trials"]


class Turns(unittest.TestCase):
    def check(self, *options: str) -> None:
        servers = Servers(3)
        trials = measure(servers, *options)
        order = places(trials)
        for cycle in order:
            self.assertEqual(sorted(cycle), [0, 1, 2])
        # First each server's connections are proved; then come the turns.
        proofs = [] if "--churn" in options else [0, 1, 2]
        expected = proofs + list(itertools.chain(*order))
        self.assertEqual(
            [number for number, _ in itertools.groupby(servers.came)],
            [number for number, _ in itertools.groupby(expected)],
        )
        for trial in trials:
            self.assertTrue(trial["valid"], trial["reason"])
            self.assertEqual(trial["echoes"], sum(trial["turns"]["echoes"]))
            self.assertLessEqual(trial["echoes"], servers.came.count(int(trial["server"])))

    def test_one_at_a_time_in_a_closed_loop(self) -> None:
        self.check()

    def test_one_at_a_time_in_an_open_loop(self) -> None:
        self.check("--rate=20000")

    def test_one_at_a_time_in_churn(self) -> None:
        self.check("--churn")

    def test_each_window_counts_enough(self) -> None:
        for trial in measure(Servers(2), "--turn=0.001"):
            self.assertGreaterEqual(min(trial["turns"]["echoes"]), 30)

    def test_the_order_follows_from_the_seed(self) -> None:
        one, again, other = (
            places(measure(Servers(3), "--turn=0.001", f"--seed={seed}")) for seed in (7, 7, 8)
        )
        self.assertEqual(one, again)
        self.assertNotEqual(one, other)


if __name__ == "__main__":
    unittest.main()
