// What Swift cannot import from the C library by itself: Linux headers its Glibc module leaves out, macros and
// variadic functions. No logic lives here. `_GNU_SOURCE` comes from the target's cSettings.
#ifndef PYLON_CSYSTEM_H
#define PYLON_CSYSTEM_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/// epoll_ctl with the 64-bit datum passed by value, since Swift sees the union's members as separate fields.
static inline int csystem_epoll_ctl(int epoll, int operation, int descriptor, uint32_t events, uint64_t datum) {
    struct epoll_event event = {.events = events, .data = {.u64 = datum}};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

static inline uint64_t csystem_epoll_datum(const struct epoll_event *event) { return event->data.u64; }

/// epoll's bits, which Swift sees as values of a struct.
enum {
    CSYSTEM_EPOLLIN = EPOLLIN,
    CSYSTEM_EPOLLOUT = EPOLLOUT,
    CSYSTEM_EPOLLRDHUP = EPOLLRDHUP,
    CSYSTEM_EPOLLHUP = EPOLLHUP,
    CSYSTEM_EPOLLERR = EPOLLERR,
};

/// prctl is variadic.
static inline int csystem_set_timer_slack(unsigned long nanoseconds) { return prctl(PR_SET_TIMERSLACK, nanoseconds); }

/// Lets other threads go before the calling one: raises its niceness by `steps`. Each is a tenth less of a busy processor.
void csystem_yield_to_others(int steps);

/// Asks the scheduler to let the calling thread run for `nanoseconds` at a time, 100,000 at least: what asks for less runs sooner when it
/// wakes. Kernels before 6.12 take no notice. Returns 0, or -1 with errno.
int csystem_set_time_slice(uint64_t nanoseconds);

/// Waits until `descriptor` is readable, at most `nanoseconds` long; ppoll is a GNU extension and precise to the nanosecond.
/// A negative time waits without end. Returns 1 when readable, 0 when the time is up.
int csystem_wait_readable(int descriptor, int64_t nanoseconds);

/// The user at the other end of a Unix socket (SO_PEERCRED; struct ucred is a GNU extension). Returns 0 when there is one.
int csystem_peer_user(int descriptor, uint32_t *user);

/// accept4 is a GNU extension.
int csystem_accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

/// Names the calling thread; a GNU extension. Linux keeps 15 bytes and refuses longer names.
void csystem_name_current_thread(const char *name);

/// Binds the calling thread to one processor; CPU_SET is a macro.
int csystem_pin_current_thread(int cpu);

/// The number of processors this process may run on, honouring its affinity mask.
int csystem_available_cpus(void);

/// Bytes the program holds of its heap, as its allocator counts them; `*resident` is what the allocator keeps in memory
/// for them, or -1 when it does not say. Returns -1 when no known allocator is in place. Locks the allocator's
/// statistics for some microseconds: for metrics, not for paths that are hot.
int64_t csystem_heap_bytes(int64_t *resident);

/// sigset_t's helpers are macros on some C libraries; one call covers what start-up needs.
static inline int csystem_block_signals(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    return pthread_sigmask(SIG_BLOCK, &set, 0);
}

static inline int csystem_signalfd(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

#endif
