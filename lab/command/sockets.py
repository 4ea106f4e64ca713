"""TCP sockets of this machine, as /proc/net/tcp shows them: proc(5)."""

import contextlib
from dataclasses import dataclass

ESTABLISHED, LISTEN = 0x01, 0x0A


@dataclass
class Socket:
    local: int  # port
    remote: int  # port; 0 if it listens
    state: int
    sending: int  # bytes: not yet acknowledged by the other end
    received: int  # bytes: not yet read by the program
    inode: str


def table() -> list[Socket]:
    found = []
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), open(f"/proc/net/{name}", encoding="ascii") as lines:
            next(lines)
            found += [socket_in(line.split()) for line in lines]
    return found


def socket_in(words: list[str]) -> Socket:
    ports = [int(address.rpartition(":")[2], 16) for address in words[1:3]]
    sizes = [int(size, 16) for size in words[4].split(":")]
    return Socket(*ports, int(words[3], 16), *sizes, words[9])
