#!/usr/bin/env python3
"""An answer to "the missing server": the contract in Python, with backpressure.

    docs/teaching/answers/selectors_server.py PORT
    build/tests/conformance/conformance 'docs/teaching/answers/selectors_server.py {port}'
"""

import errno
import selectors
import signal
import socket
import sys
import time

received = memoryview(bytearray(64 * 1024))  # one for all
selector = selectors.DefaultSelector()  # epoll on Linux, level-triggered
GONE = (  # accept(2): errors of the one client, not of the listener
    errno.ECONNABORTED, errno.EPERM, errno.EPROTO, errno.ENETDOWN, errno.ENOPROTOOPT,
    errno.EHOSTDOWN, errno.ENONET, errno.EHOSTUNREACH, errno.EOPNOTSUPP, errno.ENETUNREACH,
)


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
    """Where clients wait; not watched while there is no descriptor for them."""

    def __init__(self, port):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.bind(("127.0.0.1", port))
        self.sock.listen(4096)
        self.sock.setblocking(False)
        self.retry_at = None  # while paused: not before
        self.told = False
        self.accepted = 0
        selector.register(self.sock, selectors.EVENT_READ, self)

    def handle(self):
        for _ in range(32):  # then look at the connections again
            try:
                sock, _ = self.sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in GONE:
                    continue
                return self.pause(error)
            sock.setblocking(False)
            try:
                Connection(sock)
                self.accepted += 1
            except OSError as error:  # it can't be watched
                print(f"selectors_server: {error.strerror}", file=sys.stderr)
                sock.close()

    def pause(self, error):
        self.retry_at = time.monotonic() + 1
        selector.unregister(self.sock)
        if not self.told:
            print(f"full: {error.strerror}", file=sys.stderr)
        self.told = True

    def resume(self):
        self.retry_at = None
        selector.register(self.sock, selectors.EVENT_READ, self)


def stop(*_):
    print(f"selectors_server: {listener.accepted} connections", flush=True)
    sys.exit(0)


if len(sys.argv) != 2 or not sys.argv[1].isdigit():
    sys.exit("usage: selectors_server.py PORT")
try:
    listener = Listener(int(sys.argv[1]))
except (OSError, OverflowError) as error:
    sys.exit(f"selectors_server: port {sys.argv[1]}: {error}")
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop)
print(f"selectors_server: listening on 127.0.0.1:{sys.argv[1]}", flush=True)
while True:
    for key, _ in selector.select(1 if listener.retry_at else None):
        key.data.handle()
    if listener.retry_at and time.monotonic() >= listener.retry_at:
        listener.resume()
