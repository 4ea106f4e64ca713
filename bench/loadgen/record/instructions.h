/*
 * instructions: how many instructions a server has executed, counted by the
 * CPU.
 *
 * CPU time depends on what else uses the caches, the memory and, in a virtual
 * machine, the other half of the core; the number of instructions hardly does.
 * Where the CPU has a counter for it, perf_event_open(2) follows a process with
 * it, at no cost to the process.  Many virtual machines have none.
 *
 * Counted are the instructions of the process's main thread, and of each thread
 * and child process that begins after instructions_open; its own, and those of
 * the kernel in its system calls and in interrupts that arrive while it runs.
 * Not counted is what other contexts do on its behalf: on loopback that is much
 * of its receiving, which the sender's system call performs, and all that
 * ksoftirqd does.  Nor are a hypervisor's instructions.
 *
 * Where perf_event_paranoid is 2 or more, which is usual, and CAP_PERFMON is
 * missing, the kernel's instructions may not be counted: then only the
 * process's own are, and those are a small part of a server's work.
 */
#ifndef LOADGEN_INSTRUCTIONS_H
#define LOADGEN_INSTRUCTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Begin to count the instructions of process `pid`; 0 is this one.  Returns a
 * descriptor, which the caller closes, and in `with_kernel` whether the
 * kernel's are counted too.  Returns -1 with errno set where there is no such
 * counter (ENOENT, EOPNOTSUPP), where it is forbidden (EACCES, EPERM), or where
 * there is no such process (ESRCH).
 */
int instructions_open(pid_t pid, bool *with_kernel);

/*
 * The instructions counted since instructions_open; only differences mean
 * something.  Returns -1 when that is not known: the descriptor is -1, or the
 * CPU had fewer counters than were wanted, by whatever program, so that this
 * one stood still for some of the time.
 */
int64_t instructions_read(int fd);

#endif
