internal import CBenchSystem
internal import Glibc

/// What a process has used so far.
struct ProcessSample {
    /// CPU time of all its threads, user and kernel, in nanoseconds.
    var cpuNanoseconds: UInt64
    /// Resident memory.
    var residentBytes: Int

    init(pid: pid_t) throws(BenchError) {
        // The process's own clock, in nanoseconds: it keeps the time of threads that have ended, which
        // /proc/PID/task/*/schedstat forgets; utime and stime in /proc/PID/stat are sampled by the tick.
        var clock = clockid_t()
        var used = timespec()
        guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &used) == 0 else {
            throw .process("no CPU account of process \(pid)")
        }
        cpuNanoseconds = UInt64(used.tv_sec) * 1_000_000_000 + UInt64(used.tv_nsec)
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

    /// A whole small file; empty when it cannot be read.
    static func readFile(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let length = read(descriptor, &buffer, buffer.count)
            guard length > 0 else { return contents }
            contents.append(contentsOf: buffer[..<length])
        }
    }
}
