#include "CBenchSystem.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

int bench_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }

char *const *bench_environment(void) { return environ; }

int bench_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int bench_poll(struct pollfd *descriptors, unsigned long count, const struct timespec *timeout) {
    return ppoll(descriptors, count, timeout, NULL);
}

int bench_is_in_memory(const char *path) {
    struct statfs system;
    return statfs(path, &system) == 0 && system.f_type == TMPFS_MAGIC;
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

int bench_open_probe_counter(pid_t tid, const char *path, uint64_t offset) {
    long type = read_number("/sys/bus/event_source/devices/uprobe/type");
    if (type < 0) {
        errno = ENOENT;
        return -1;
    }
    struct perf_event_attr attributes = {.type = (uint32_t)type,
                                         .size = sizeof attributes,
                                         .uprobe_path = (uint64_t)(uintptr_t)path,
                                         .probe_offset = offset,
                                         .disabled = 1};
    return (int)syscall(SYS_perf_event_open, &attributes, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

// The file offset of a virtual address, by the segment that holds it.
static uint64_t file_offset(const Elf64_Ehdr *elf, uint64_t address) {
    const Elf64_Phdr *segments = (const void *)((const char *)elf + elf->e_phoff);
    for (int i = 0; i < elf->e_phnum; i++)
        if (segments[i].p_type == PT_LOAD && address >= segments[i].p_vaddr &&
            address < segments[i].p_vaddr + segments[i].p_filesz)
            return address - segments[i].p_vaddr + segments[i].p_offset;
    return 0;
}

static uint64_t find_function(const Elf64_Ehdr *elf, const char *name) {
    const Elf64_Shdr *sections = (const void *)((const char *)elf + elf->e_shoff);
    for (int i = 0; i < elf->e_shnum; i++) {
        if (sections[i].sh_type != SHT_DYNSYM) continue;
        const Elf64_Sym *symbols = (const void *)((const char *)elf + sections[i].sh_offset);
        const char *strings = (const char *)elf + sections[sections[i].sh_link].sh_offset;
        for (size_t k = 0; k < sections[i].sh_size / sizeof *symbols; k++)
            if (symbols[k].st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbols[k].st_info) == STT_FUNC &&
                strcmp(strings + symbols[k].st_name, name) == 0)
                return file_offset(elf, symbols[k].st_value);
    }
    return 0;
}

uint64_t bench_function_offset(const char *path, const char *name) {
    uint64_t offset = 0;
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return 0;
    if (fstat(descriptor, &status) == 0 && (size_t)status.st_size > sizeof(Elf64_Ehdr)) {
        void *elf = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (elf != MAP_FAILED) {
            if (memcmp(elf, ELFMAG, SELFMAG) == 0) offset = find_function(elf, name);
            munmap(elf, (size_t)status.st_size);
        }
    }
    close(descriptor);
    return offset;
}

int bench_enable_counter(int descriptor) { return ioctl(descriptor, PERF_EVENT_IOC_ENABLE, 0); }

int bench_disable_counter(int descriptor) { return ioctl(descriptor, PERF_EVENT_IOC_DISABLE, 0); }

int bench_reset_counter(int descriptor) { return ioctl(descriptor, PERF_EVENT_IOC_RESET, 0); }

uint64_t bench_read_counter(int descriptor) {
    uint64_t count = 0;
    return read(descriptor, &count, sizeof count) == sizeof count ? count : 0;
}
