// What the benchmark's processes need and Swift cannot import: variadic calls, `environ`, and perf events.
#ifndef PYLON_CBENCHSYSTEM_H
#define PYLON_CBENCHSYSTEM_H

#include <poll.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/// The kernel kills this process when its parent ends, so that no server outlives an interrupted run.
/// Survives exec. Returns 0, or -1 with errno.
int bench_die_with_parent(void);

/// This process's environment; `environ` is a mutable global that Swift 6 will not touch.
char *const *bench_environment(void);

/// A pipe whose ends do not survive exec: ends[0] is read, ends[1] written. Returns 0, or -1 with errno.
int bench_pipe(int ends[2]);

/// ppoll without a signal mask.
int bench_poll(struct pollfd *descriptors, unsigned long count, const struct timespec *timeout);

/// Whether the folder at `path` lies in memory (tmpfs), where files are never synchronised with a disk.
int bench_is_in_memory(const char *path);

/// Opens a disabled counter of the system calls that thread `tid` makes. Returns its descriptor, or -1 with errno
/// when the kernel has no tracepoints or grants this user none.
int bench_open_system_call_counter(pid_t tid);

/// Opens a disabled counter of how often thread `tid` runs through the code at `offset` of the file at `path`: a user
/// probe, about 1 µs for every hit while enabled. Returns its descriptor, or -1 with errno.
int bench_open_probe_counter(pid_t tid, const char *path, uint64_t offset);

/// Where the function `name` that the ELF file at `path` exports lies in that file, or 0 when it exports none.
uint64_t bench_function_offset(const char *path, const char *name);

int bench_enable_counter(int descriptor);
int bench_disable_counter(int descriptor);
int bench_reset_counter(int descriptor);

/// The count so far, 0 when unreadable.
uint64_t bench_read_counter(int descriptor);

#endif
