"""Servers for the tests of the benchmark: one that echoes, and bad ones.

    python3 odd_servers.py KIND PORT [MARK, by which to find it again]
"""

import os
import socketserver
import sys
import time

PATIENCE = 200  # seconds after which none of them lives on


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.answer(data)

    def answer(self, data: bytes):
        self.request.sendall(data)


class Wrong(Echo):
    """Every 100th answer has a byte that was never sent."""

    answers = 0

    def answer(self, data: bytes):
        Wrong.answers += 1
        if Wrong.answers % 100 == 0:
            data = bytes([data[0] ^ 1]) + data[1:]
        self.request.sendall(data)


class Silent(Echo):
    """Takes everything and says nothing."""

    def answer(self, data: bytes):
        pass


class Closes(Echo):
    """Leaves its clients after the 10th answer to each."""

    def handle(self):
        for _ in range(10):
            self.answer(self.request.recv(65536))


class Dies(Echo):
    """Ends in the midst of its work, with a last word."""

    answers = 0

    def answer(self, data: bytes):
        Dies.answers += 1
        if Dies.answers == 100:
            print("out of sorts", file=sys.stderr, flush=True)
            os._exit(3)
        self.request.sendall(data)


KINDS = {
    "echo": Echo,
    "wrong": Wrong,
    "silent": Silent,
    "closes": Closes,
    "slow": Echo,
    "dies": Dies,
}


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass  # a client that resets its connection is nothing to tell


class OneByOne(Server):
    """Takes its time with everybody who comes."""

    def process_request(self, request, client_address):
        time.sleep(0.05)
        super().process_request(request, client_address)


def serve(kind: str, port: int):
    made = OneByOne if kind == "slow" else Server
    with made(("127.0.0.1", port), KINDS[kind]) as server:
        server.socket.settimeout(PATIENCE)
        server.timeout = PATIENCE
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            server.handle_request()


def main(kind: str, port: int):
    if kind == "refuses":
        sys.exit("no, not today")
    if kind == "deaf":
        time.sleep(PATIENCE)
    serve(kind, port)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
