#include "CBenchSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int bench_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }

char *const *bench_environment(void) { return environ; }

int bench_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int bench_poll(struct pollfd *descriptors, unsigned long count, const struct timespec *timeout) {
    return ppoll(descriptors, count, timeout, NULL);
}

static long read_number(const char *path) {
    char text[32] = {0};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    ssize_t length = read(descriptor, text, sizeof text - 1);
    close(descriptor);
    return length > 0 ? strtol(text, NULL, 10) : -1;
}

int bench_open_system_call_counter(pid_t tid) {
    long identifier = read_number("/sys/kernel/tracing/events/raw_syscalls/sys_enter/id");
    if (identifier < 0) identifier = read_number("/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id");
    if (identifier < 0) {
        errno = ENOENT;
        return -1;
    }
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_TRACEPOINT, .size = sizeof attributes, .config = (uint64_t)identifier, .disabled = 1};
    return (int)syscall(SYS_perf_event_open, &attributes, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

int bench_enable_counter(int descriptor) { return ioctl(descriptor, PERF_EVENT_IOC_ENABLE, 0); }

int bench_disable_counter(int descriptor) { return ioctl(descriptor, PERF_EVENT_IOC_DISABLE, 0); }

uint64_t bench_read_counter(int descriptor) {
    uint64_t count = 0;
    return read(descriptor, &count, sizeof count) == sizeof count ? count : 0;
}
