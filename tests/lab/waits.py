"""A server that waits in one way, right or wrong: for the tests of mechanism.py.

    waits.py PORT HOW

HOW is select, poll, epoll, edge, threads, processes, spin, naps or blocking.
"""

import os
import select
import selectors
import socket
import sys
import threading
import time

PORT, HOW = int(sys.argv[1]), sys.argv[2]
SELECTORS = {
    "select": selectors.SelectSelector, "poll": selectors.PollSelector,
    "epoll": selectors.EpollSelector, "edge": selectors.EpollSelector,
    "spin": selectors.SelectSelector, "naps": selectors.SelectSelector,
}


def echo(connection: socket.socket) -> bool:
    data = connection.recv(4096)
    connection.sendall(data)
    return bool(data)


def echo_to_the_end(connection: socket.socket) -> None:
    while echo(connection):
        pass
    connection.close()


def in_processes(listener: socket.socket) -> None:
    while True:
        connection = listener.accept()[0]
        if os.fork() == 0:
            listener.close()
            echo_to_the_end(connection)
            os._exit(0)
        connection.close()


def in_threads(listener: socket.socket) -> None:
    while True:
        connection = listener.accept()[0]
        threading.Thread(target=echo_to_the_end, args=(connection,), daemon=True).start()


def one_at_a_time(listener: socket.socket) -> None:
    while True:
        echo_to_the_end(listener.accept()[0])


def in_a_loop(listener: socket.socket) -> None:
    selector = SELECTORS[HOW]()
    selector.register(listener, selectors.EVENT_READ)
    poller = select.epoll.fromfd(os.dup(selector.fileno())) if HOW == "edge" else None
    timeout = 0 if HOW in ("spin", "naps") else None
    while True:
        if HOW == "naps":
            time.sleep(0.03)
        for key, _ in selector.select(timeout):
            if key.fileobj is not listener:
                if not echo(key.fileobj):
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
                continue
            connection = listener.accept()[0]
            selector.register(connection, selectors.EVENT_READ)
            if HOW == "edge":
                poller.modify(connection, select.EPOLLIN | select.EPOLLET)


with socket.create_server(("127.0.0.1", PORT)) as the_listener:
    {"threads": in_threads, "processes": in_processes, "blocking": one_at_a_time}.get(
        HOW, in_a_loop
    )(the_listener)
