#!/usr/bin/env python3
"""An answer to "the missing server": the contract in Python, with backpressure.

    docs/teaching/answers/selectors_server.py PORT
    build/tests/conformance/conformance 'docs/teaching/answers/selectors_server.py {port}'
"""

import errno
import os
import select
import selectors
import signal
import socket
import sys
import time

received = memoryview(bytearray(64 * 1024))  # one for all
selector = selectors.DefaultSelector()  # epoll on Linux, level-triggered
GONE = (  # accept(2): errors of the client that was taken out of the queue
    errno.ECONNABORTED, errno.EPROTO, errno.ENETDOWN, errno.ENOPROTOOPT,
    errno.EHOSTDOWN, errno.ENONET, errno.EHOSTUNREACH, errno.EOPNOTSUPP, errno.ENETUNREACH,
    errno.ETIMEDOUT,
)


def say(text, stream):
    """Print a line.  A reader that has gone away wants no more; a full disk is an error."""
    try:
        if stream:  # it was not closed from the start
            os.write(stream.fileno(), f"selectors_server: {text}\n".encode())
    except BrokenPipeError:
        pass
    except OSError as error:
        if stream is sys.stdout:
            sys.exit(f"selectors_server: standard output: {error.strerror}")


class Connection:
    """One client: receiving while nothing is owed, else sending."""

    def __init__(self, sock):
        self.sock = sock
        self.owed = b""
        selector.register(sock, selectors.EVENT_READ, self)

    def close(self):
        selector.unregister(self.sock)
        self.sock.close()
        if listener.retry_at:
            listener.resume()

    def send(self, data):
        try:
            return self.sock.send(data)
        except BlockingIOError:
            return 0

    def handle(self):
        try:
            if not self.owed:
                length = self.sock.recv_into(received)
                if length == 0:
                    return self.close()
                sent = self.send(received[:length])
                self.owed = bytes(received[sent:length])
            else:
                self.owed = self.owed[self.send(self.owed) :]
        except BlockingIOError:
            pass
        except OSError:
            return self.close()
        wanted = selectors.EVENT_WRITE if self.owed else selectors.EVENT_READ
        if selector.get_key(self.sock).events != wanted:
            selector.modify(self.sock, wanted, self)


class Listener:
    """Where clients wait; not watched while none of them can be taken in."""

    def __init__(self, port):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.bind(("127.0.0.1", port))
        self.sock.listen(4096)
        self.sock.setblocking(False)
        self.retry_at = None  # while paused: not before
        self.kept = None  # accepted, but not watched yet
        self.reported = set()
        self.accepted = 0
        selector.register(self.sock, selectors.EVENT_READ, self)

    def handle(self):
        for _ in range(32):  # then look at the connections again
            try:
                if not self.kept:
                    self.kept, _ = self.sock.accept()
                    self.kept.setblocking(False)
                Connection(self.kept)  # fails at max_user_watches, for instance
                self.kept = None
                self.accepted += 1
            except BlockingIOError:
                return
            except OSError as error:
                if not self.kept and error.errno in GONE:
                    continue
                return self.pause(error)  # the client is still there

    def client_waits(self):
        queue = select.poll()
        queue.register(self.sock, select.POLLIN)
        return self.kept or queue.poll(0)

    def pause(self, error):
        self.retry_at = time.monotonic() + 1
        selector.unregister(self.sock)
        if error.errno not in self.reported and self.client_waits():
            self.reported.add(error.errno)
            say(f"full: {error.strerror}", sys.stderr)

    def resume(self):
        self.retry_at = time.monotonic() + 1
        try:
            selector.register(self.sock, selectors.EVENT_READ, self)
        except OSError:
            return  # later
        self.retry_at = None
        if self.kept:
            self.handle()


def stop(*_):
    say(f"{listener.accepted} connections", sys.stdout)
    sys.exit(0)


if len(sys.argv) != 2 or not sys.argv[1].isdigit():
    sys.exit("usage: selectors_server.py PORT")
try:
    listener = Listener(int(sys.argv[1]))
except (OSError, OverflowError) as error:
    sys.exit(f"selectors_server: port {sys.argv[1]}: {error}")
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop)
signal.pthread_sigmask(signal.SIG_SETMASK, [])  # a parent may have blocked them
say(f"listening on 127.0.0.1:{sys.argv[1]}", sys.stdout)
while True:
    for key, _ in selector.select(1 if listener.retry_at else None):
        key.data.handle()
    if listener.retry_at and time.monotonic() >= listener.retry_at:
        listener.resume()
