#!/usr/bin/env python3
"""An echo server for the tests of conformance, right or wrong in one way.

    fake_server.py PORT FAULT [MARK]

It is single-threaded, on selectors, and buffers what it owes.  MARK means
nothing to it: a test finds the process by that.  FAULT is one of:

    good        nothing is wrong
    spin        never sleeps
    leak        keeps 1 KiB of each connection
    grow        keeps 1 KiB of each of the first 4000 connections, then nothing
    ipv6-only   listens on ::1, as Node does for "localhost"
    dual-stack  listens on [::], for IPv4 as well
    daemon      forks, and the parent ends with status 0
    workers     two processes accept, their parent has only made the socket
    slow        needs two seconds before it listens
    endless     prints until there is no more room, and ends unless that comes soon
    noisy       prints 1000 lines before it listens, and sends wrong bytes
    hang        echoes 4096 bytes of a connection, then nothing, and never closes
    open        never closes a connection
    lost        drops the ninth to the sixteenth byte of a connection
    again       sends the first 8 bytes of a connection twice
    foreign     sends 8 bytes of one connection to all others
    once        ends with its first connection
    crash       is killed by SIGSEGV when the first byte comes
    exit        prints a line and ends with status 3 then
    sanitizer   prints what looks like a report of ASan among others, and ends
"""

import os
import selectors
import signal
import socket
import sys
import time

PORT = int(sys.argv[1])
FAULT = sys.argv[2]
kept = []
first = []
selector = selectors.DefaultSelector()


def end_badly() -> None:
    """When the first byte has come."""
    if FAULT == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if FAULT == "exit":
        print("no memory left", file=sys.stderr, flush=True)
        os._exit(3)
    if FAULT == "sanitizer":
        report = ["==7==ERROR: AddressSanitizer: heap-buffer-overflow", *map(str, range(50))]
        print(*["hello"] * 100, *report, sep="\n", file=sys.stderr, flush=True)
        os._exit(1)


def spoil(data: bytes, done: int) -> bytes:
    """What is sent instead of data, which came after `done` bytes of the connection."""
    if FAULT == "noisy":
        return data.swapcase()
    if FAULT == "hang":
        return data[: max(0, 4096 - done)]
    if done > 0 or len(data) < 32:
        return data
    first.append(data[:8])
    others = data[8:16] if len(first) == 1 else first[0]
    changed = {"lost": data[16:], "again": data, "foreign": others + data[16:]}
    return data[:8] + changed.get(FAULT, data[8:])


def print_without_end() -> None:
    for number in (1, 2):
        try:
            for _ in range(64):
                os.write(number, bytes([65]) * (1 << 20))
        except PermissionError:
            continue
        sys.exit(f"64 MiB could be written to descriptor {number}")


def listen() -> socket.socket:
    family = socket.AF_INET6 if FAULT in ("ipv6-only", "dual-stack") else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    address = {"ipv6-only": "::1", "dual-stack": "::"}.get(FAULT, "127.0.0.1")
    listener.bind((address, PORT))
    listener.listen(1024)
    listener.setblocking(False)
    return listener


class Connection:
    def __init__(self, sock: socket.socket):
        self.sock, self.owed, self.ended, self.done = sock, b"", False, 0
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, self)

    def close(self) -> None:
        if FAULT == "once":
            os._exit(0)
        selector.unregister(self.sock)
        self.sock.close()
        if FAULT == "leak" or (FAULT == "grow" and len(kept) < 4000):
            kept.append(bytes(1024))

    def handle(self) -> None:
        try:
            if not self.owed:
                data = self.sock.recv(65536)
                self.ended = not data
                if data:
                    end_badly()
                    self.owed = spoil(data, self.done)
                self.done += len(data)
            if self.owed:
                self.owed = self.owed[self.sock.send(self.owed) :]
        except BlockingIOError:
            pass
        except OSError:
            return self.close()
        if self.ended and FAULT in ("open", "hang"):
            return selector.unregister(self.sock)
        if self.ended:
            return self.close()
        selector.modify(
            self.sock, selectors.EVENT_WRITE if self.owed else selectors.EVENT_READ, self
        )


def serve(listener: socket.socket) -> None:
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select(0 if FAULT == "spin" else None):
            if key.data is not None:
                key.data.handle()
                continue
            try:
                Connection(listener.accept()[0])
            except OSError:
                pass


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
signal.signal(signal.SIGINT, lambda *_: os._exit(0))
if FAULT == "daemon" and os.fork() > 0:
    os._exit(0)
if FAULT == "slow":
    time.sleep(2)
if FAULT == "endless":
    print_without_end()
if FAULT == "noisy":
    print(*(f"line {number}" for number in range(1000)), sep="\n", file=sys.stderr, flush=True)
common = listen()
if FAULT == "workers":
    selector.close()
    workers = []
    for _ in range(2):
        if (worker := os.fork()) == 0:
            selector = selectors.DefaultSelector()
            serve(common)
        workers.append(worker)
    signal.signal(signal.SIGTERM, lambda *_: [os.kill(w, signal.SIGTERM) for w in workers])
    common.close()  # only now, so that conformance never finds one of the workers alone
    for worker in workers:
        os.waitpid(worker, 0)
    sys.exit(0)
serve(common)
