"""TCP sockets of this machine, as /proc/net/tcp shows them: proc(5)."""

from dataclasses import dataclass

ESTABLISHED = 0x01


@dataclass
class Socket:
    local: int  # port
    remote: int  # port; 0 if it listens
    state: int
    sending: int  # bytes: not yet acknowledged by the other end
    received: int  # bytes: not yet read by the program


def table() -> list[Socket]:
    found = []
    with open("/proc/net/tcp") as lines:
        next(lines)
        for line in lines:
            _, local, remote, state, queues, *_ = line.split()
            ports = [int(address.rpartition(":")[2], 16) for address in (local, remote)]
            sizes = [int(size, 16) for size in queues.split(":")]
            found.append(Socket(*ports, int(state, 16), *sizes))
    return found
