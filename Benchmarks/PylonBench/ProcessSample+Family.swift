internal import Glibc

/// A server may leave the work to processes of its own, as nginx does to its workers.
extension ProcessSample {
    /// What a process and its descendants have used so far. Those that have ended, or have not run yet, count nothing.
    init(familyOf pid: pid_t) throws(BenchError) {
        try self.init(pid: pid)
        for descendant in Self.descendants(of: pid) {
            guard let sample = try? Self.init(pid: descendant) else { continue }
            cpuNanoseconds += sample.cpuNanoseconds
            residentBytes += sample.residentBytes
        }
    }

    /// The one among a process and its descendants that has used the most CPU so far.
    static func busiest(inFamilyOf pid: pid_t) -> pid_t {
        let used = ([pid] + descendants(of: pid)).map { (pid: $0, cpu: (try? Self.init(pid: $0))?.cpuNanoseconds ?? 0) }
        return used.max { $0.cpu < $1.cpu }?.pid ?? pid
    }

    private static func descendants(of pid: pid_t) -> [pid_t] {
        let children = threads(of: pid).flatMap { tid in
            String(decoding: readFile("/proc/\(pid)/task/\(tid)/children"), as: UTF8.self)
                .split(separator: " ").compactMap { pid_t($0) }
        }
        return children + children.flatMap(descendants)
    }
}
