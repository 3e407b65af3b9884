internal import CBenchSystem
internal import Glibc
internal import PylonBenchKit

/// What a process has used so far, read from /proc.
struct ProcessSample {
    /// CPU time of all its threads, user and kernel, in nanoseconds.
    var cpuNanoseconds: UInt64
    /// Resident memory.
    var residentBytes: Int

    init(pid: pid_t) throws(BenchError) {
        var nanoseconds: UInt64 = 0
        for tid in Self.threads(of: pid) {
            // The scheduler's own account, in nanoseconds; utime and stime in /proc/PID/stat are sampled by the tick.
            let text = Self.readFile("/proc/\(pid)/task/\(tid)/schedstat")
            nanoseconds += text.withUnsafeBytes { Decimal.leading($0) } ?? 0
        }
        guard nanoseconds > 0 else { throw .process("no CPU account of process \(pid)") }
        cpuNanoseconds = nanoseconds
        let pages = String(decoding: Self.readFile("/proc/\(pid)/statm"), as: UTF8.self).split(separator: " ")
        residentBytes = (pages.count > 1 ? Int(pages[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// The ids of a process's threads.
    static func threads(of pid: pid_t) -> [pid_t] {
        guard let directory = opendir("/proc/\(pid)/task") else { return [] }
        defer { closedir(directory) }
        var threads: [pid_t] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let tid = pid_t(name) { threads.append(tid) }
        }
        return threads
    }

    private static func readFile(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let length = read(descriptor, &buffer, buffer.count)
        return Array(buffer[..<max(0, length)])
    }
}

/// Counts the system calls of all threads a process has now. Needs the kernel's tracepoints and the right to use them.
final class SystemCallCounter {
    private let descriptors: [Int32]
    private var isCounting = false

    /// Nil when the machine does not allow it.
    init?(pid: pid_t) {
        let opened = ProcessSample.threads(of: pid).map { bench_open_system_call_counter($0) }
        descriptors = opened.filter { $0 >= 0 }
        if descriptors.isEmpty || descriptors.count < opened.count { return nil }
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    /// Starts counting and returns 0, or stops and returns the sum; used once.
    func toggle() -> UInt64 {
        isCounting.toggle()
        for descriptor in descriptors {
            _ = isCounting ? bench_enable_counter(descriptor) : bench_disable_counter(descriptor)
        }
        return descriptors.reduce(0) { $0 + bench_read_counter($1) }
    }
}
