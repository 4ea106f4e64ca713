#!/usr/bin/env python3
"""first_server: an echo server for several clients at once, with select."""

import select
import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
watched = [listener]
while True:
    ready, _, _ = select.select(watched, [], [])
    for one in ready:
        if one is listener:
            client, _ = listener.accept()
            watched.append(client)
            continue
        data = one.recv(4096)
        if data:
            one.sendall(data)
        else:
            watched.remove(one)
            one.close()
