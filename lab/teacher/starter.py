"""Become the judge where there is no bubblewrap: the last words are its command.

What the judge leaves behind becomes its child, so that it is found in the end.  With --loopback,
the network namespace is new, and its loopback is switched on: netdevice(7).
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def main(words: list[str]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if words[0] == "--loopback":
        words = words[1:]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP))
    os.execvp(words[0], words)


if __name__ == "__main__":
    main(sys.argv[1:])
