internal import CBenchSystem
internal import Glibc

/// Counts an event in all threads that a process has now, by the kernel's perf events: the process needs no part in
/// it and pays nothing while the counter is stopped.
final class EventCounter {
    private let descriptors: [Int32]

    /// The system calls the process makes. Nil when the kernel has no tracepoints or grants them to others only.
    static func systemCalls(of pid: pid_t) -> EventCounter? {
        EventCounter(ProcessSample.threads(of: pid).map { bench_open_system_call_counter($0) })
    }

    /// The heap allocations the process asks for, whichever allocator it runs on. Nil when the kernel has no user
    /// probes or grants them to others only.
    static func allocations(of pid: pid_t) -> EventCounter? {
        guard let library = allocator(of: pid) else { return nil }
        var descriptors: [Int32] = []
        for name in ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"] {
            let offset = bench_function_offset(library, name)
            guard offset > 0 else { continue }
            descriptors += ProcessSample.threads(of: pid).map { bench_open_probe_counter($0, library, offset) }
        }
        return EventCounter(descriptors)
    }

    private init?(_ opened: [Int32]) {
        descriptors = opened.filter { $0 >= 0 }
        if descriptors.isEmpty || descriptors.count < opened.count { return nil }
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    func start() {
        for descriptor in descriptors { bench_enable_counter(descriptor) }
    }

    func stop() {
        for descriptor in descriptors { bench_disable_counter(descriptor) }
    }

    /// Sets the count back to 0.
    func reset() {
        for descriptor in descriptors { bench_reset_counter(descriptor) }
    }

    var count: UInt64 {
        descriptors.reduce(0) { $0 + bench_read_counter($1) }
    }

    /// The file whose `malloc` the process calls: the first in the dynamic linker's order, so its executable, then an
    /// allocator's own library, then the C library.
    private static func allocator(of pid: pid_t) -> String? {
        let maps = String(decoding: ProcessSample.readFile("/proc/\(pid)/maps"), as: UTF8.self)
        let files = maps.split(separator: "\n").compactMap { $0.firstIndex(of: "/").map($0.suffix(from:)) }
        let named = ["jemalloc", "tcmalloc", "mimalloc", "/libc.so"].compactMap { name in
            files.first { $0.contains(name) }.map(String.init)
        }
        return (["/proc/\(pid)/exe"] + named).first { bench_function_offset($0, "malloc") > 0 }
    }
}
