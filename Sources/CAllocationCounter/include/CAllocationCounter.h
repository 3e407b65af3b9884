// Counts this process's heap allocations by standing in front of glibc's allocator. Linking the target is enough to
// turn it on, so only tests and benchmarks do; no product of this package may depend on it.
#ifndef PYLON_CALLOCATIONCOUNTER_H
#define PYLON_CALLOCATIONCOUNTER_H

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>

/// Whether allocations are counted: false under the address and thread sanitizers, which bring their own allocators.
bool allocation_counter_is_active(void);

/// Allocations made by the whole process since it started: malloc, calloc, realloc, posix_memalign, aligned_alloc,
/// memalign, valloc. Frees are not counted.
uint64_t allocation_count(void);

/// The same for the calling thread alone, undisturbed by others: what tests that run in parallel compare.
uint64_t allocation_count_of_thread(void);

#endif
