#!/usr/bin/env python3
"""An answer to "a client that doesn't read": send until nothing is taken, then stay.

    docs/teaching/answers/stalled_client.py PORT SECONDS
"""

import socket
import sys
import time

sent = 0
try:
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    connection.settimeout(1)
    while True:
        sent += connection.send(b"x" * 65536)
except TimeoutError:
    print(f"{sent} bytes were taken, and then no more", flush=True)
except OSError as error:
    sys.exit(f"{sent} bytes were taken, and then: {error.strerror}")
time.sleep(float(sys.argv[2]))
