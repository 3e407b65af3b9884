#include "CSystem.h"

#include <malloc.h>
#include <poll.h>
#include <sys/syscall.h>

int csystem_wait_readable(int descriptor, int64_t nanoseconds) {
    struct pollfd poll = {.fd = descriptor, .events = POLLIN};
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return ppoll(&poll, 1, nanoseconds < 0 ? 0 : &time, 0) > 0;
}

int csystem_peer_user(int descriptor, uint32_t *user) {
    struct ucred credentials;
    socklen_t length = sizeof(credentials);
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
    *user = credentials.uid;
    return 0;
}

int csystem_accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags) {
    return accept4(descriptor, address, length, flags);
}

void csystem_name_current_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int csystem_pin_current_thread(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof(set), &set);
}

void csystem_yield_to_others(int steps) {
    // Of the thread: Linux keeps niceness for each.
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + steps);
}

int csystem_set_time_slice(uint64_t nanoseconds) {
    // struct sched_attr of linux/sched/types.h, which older headers of the C library do not get along with.
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {.size = sizeof attributes, .runtime = nanoseconds};
    attributes.policy = SCHED_OTHER;
    attributes.nice = getpriority(PRIO_PROCESS, 0);
    return (int)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

int csystem_available_cpus(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
    return CPU_COUNT(&set);
}

// jemalloc's own name; null in a program that is not linked to it.
extern int mallctl(const char *name, void *old, size_t *old_length, void *new, size_t new_length) __attribute__((weak));

int64_t csystem_heap_bytes(int64_t *resident) {
    *resident = -1;
    if (mallctl) {
        // The statistics are those of the moment when the epoch was last advanced.
        uint64_t epoch = 1;
        size_t length = sizeof(epoch);
        mallctl("epoch", &epoch, &length, &epoch, sizeof(epoch));
        size_t allocated = 0, kept = 0;
        length = sizeof(size_t);
        if (mallctl("stats.allocated", &allocated, &length, 0, 0) != 0) return -1;
        if (mallctl("stats.resident", &kept, &length, 0, 0) == 0) *resident = (int64_t)kept;
        return (int64_t)allocated;
    }
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
    struct mallinfo2 information = mallinfo2();
    return (int64_t)(information.uordblks + information.hblkhd);
#else
    return -1;
#endif
}
