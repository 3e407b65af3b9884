#include "CAllocationCounter.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define COUNTER_DISABLED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTER_DISABLED 1
#endif

#if defined(COUNTER_DISABLED)

bool allocation_counter_is_active(void) { return false; }
uint64_t allocation_count(void) { return 0; }
uint64_t allocation_count_of_thread(void) { return 0; }

#else

// glibc's own entry points; the public names below hide malloc and its kin from everything in the process.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *pointer);

static _Atomic uint64_t process_count;
// initial-exec: the first access must not itself allocate.
static __thread uint64_t thread_count __attribute__((tls_model("initial-exec")));

static inline void count(void) {
    atomic_fetch_add_explicit(&process_count, 1, memory_order_relaxed);
    thread_count++;
}

bool allocation_counter_is_active(void) { return true; }
uint64_t allocation_count(void) { return atomic_load_explicit(&process_count, memory_order_relaxed); }
uint64_t allocation_count_of_thread(void) { return thread_count; }

void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}

void *calloc(size_t elements, size_t size) {
    count();
    return __libc_calloc(elements, size);
}

void *realloc(void *pointer, size_t size) {
    count();
    return __libc_realloc(pointer, size);
}

void *reallocarray(void *pointer, size_t elements, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(elements, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(pointer, bytes);
}

void free(void *pointer) { __libc_free(pointer); }

void *memalign(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

void *valloc(size_t size) { return memalign(4096, size); }

int posix_memalign(void **pointer, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    int saved = errno;
    void *allocated = memalign(alignment, size);
    errno = saved;
    if (!allocated) return ENOMEM;
    *pointer = allocated;
    return 0;
}

// A process that also links another allocator would otherwise ask that one about glibc's blocks.
size_t malloc_usable_size(void *pointer) {
    static _Atomic(size_t (*)(void *)) glibc;
    size_t (*function)(void *) = atomic_load_explicit(&glibc, memory_order_acquire);
    if (!function) {
        void *library = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
        function = library ? (size_t (*)(void *))dlsym(library, "malloc_usable_size") : NULL;
        if (!function) return 0;
        atomic_store_explicit(&glibc, function, memory_order_release);
    }
    return function(pointer);
}

#endif
