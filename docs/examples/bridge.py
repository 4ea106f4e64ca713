#!/usr/bin/env python3
"""The four ways to wait, in Python: the same echo server, once for each.

    docs/examples/bridge.py select|poll|epoll_lt|epoll_et PORT

The functions have the names of those in the C servers, and the same order.  The C servers
show what else a server needs: partial sends, backpressure, a limit on connections.
"""

import select
import socket
import sys

READABLE = select.POLLIN  # EPOLLIN has the same value


class Select:
    """Sets of descriptors, passed to the kernel at each wait."""

    def __init__(self):
        self.read_interest = set()

    def watch_readable(self, fd):
        self.read_interest.add(fd)

    def forget(self, fd):
        self.read_interest.discard(fd)

    def wait_for_events(self):
        readable, _, _ = select.select(self.read_interest, [], [])
        return readable


class Poll:
    """A list of descriptors, passed to the kernel at each wait.  Python keeps it."""

    def __init__(self):
        self.interest = select.poll()

    def watch_readable(self, fd):
        self.interest.register(fd, READABLE)

    def forget(self, fd):
        self.interest.unregister(fd)

    def wait_for_events(self):
        return [fd for fd, events in self.interest.poll()]


class Epoll(Poll):
    """The kernel keeps the list; closing a descriptor ends the interest."""

    flags = 0

    def __init__(self):
        self.interest = select.epoll()

    def watch_readable(self, fd):
        self.interest.register(fd, READABLE | self.flags)

    def forget(self, fd):
        pass


class EdgeTriggered(Epoll):
    """Each change is reported once, so receive until nothing is left."""

    flags = select.EPOLLET


WAYS = {"select": Select, "poll": Poll, "epoll_lt": Epoll, "epoll_et": EdgeTriggered}


def handle_readable(way, connections, fd):
    """Receive once, or until nothing is left if edge-triggered, and send it back."""
    connection = connections[fd]
    while True:
        try:
            data = connection.recv(65536)
            connection.setblocking(True)  # a shortcut, for this example
            connection.sendall(data)
            connection.setblocking(False)
        except BlockingIOError:
            return  # drained
        except ConnectionError:
            data = b""
        if not data:
            way.forget(fd)
            connections.pop(fd).close()
            return
        if not isinstance(way, EdgeTriggered):
            return


def accept_connections(way, connections, listener):
    while True:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return
        connection.setblocking(False)
        connections[connection.fileno()] = connection
        way.watch_readable(connection.fileno())


def main(name, port):
    listener = socket.create_server(("127.0.0.1", port))
    listener.setblocking(False)
    way, connections = WAYS[name](), {}
    way.watch_readable(listener.fileno())
    print(f"bridge: listening on 127.0.0.1:{port} with {name}", flush=True)
    while True:
        for fd in way.wait_for_events():
            if fd == listener.fileno():
                accept_connections(way, connections, listener)
            else:
                handle_readable(way, connections, fd)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in WAYS:
        sys.exit(__doc__)
    try:
        main(sys.argv[1], int(sys.argv[2]))
    except OSError as error:
        sys.exit(f"bridge: {error.strerror}")
    except KeyboardInterrupt:
        pass
