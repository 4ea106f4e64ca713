"""A filter of system calls that no echo server makes, for bwrap --seccomp: seccomp(2).

Memory that belongs to no process and to no folder escapes every limit: what memfd_create and
shmget make stays full when nothing maps it.  Such calls fail with ENOSYS, as on a kernel that
doesn't have them.
"""

import errno
import platform
import struct

# Each with its number on these architectures; the AUDIT_ARCH_* of linux/audit.h.
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
CALLS = {
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
    "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282),
}
X32 = 0x40000000  # calls of another ABI of x86_64
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # linux/bpf_common.h
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000 | errno.ENOSYS
NUMBER, ARCHITECTURE = 0, 4  # offsets in struct seccomp_data


def program() -> bytes:
    """The filter, as an array of struct sock_filter; empty for other architectures."""
    if platform.machine() not in ARCHITECTURES:
        return b""
    column, architecture = ARCHITECTURES[platform.machine()]
    numbers = [call[column] for call in CALLS.values()]
    steps = [
        (LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER), (AT_LEAST, len(numbers) + 1, 0, X32),
    ]
    # A jump is counted from the next step; the last step but one allows, the last one fails.
    steps += [(EQUAL, len(numbers) - i, 0, number) for i, number in enumerate(numbers)]
    steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, FAIL)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
