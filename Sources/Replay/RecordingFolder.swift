internal import Glibc
internal import PylonBytes
internal import PylonTelemetry

/// The folder of all recordings: one flat list of segments, bounded for each shard and for all together. The oldest go first.
///
/// A segment is the file `<shard>~<microseconds since 1970>~<number>.pylr`; of the shard's id, letters, digits, `-` and `_` stand for themselves
/// and everything else is escaped as in a URL.
final class RecordingFolder: @unchecked Sendable {
    // Safety: after `open`, `closed` is touched by the recordings' thread only.

    let settings: RecordingSettings
    let counters: RecordingCounters
    /// Segments that nobody writes any more, in no order.
    private var closed: [Segment] = []

    struct Segment {
        /// As it stands in the name.
        let shard: String
        let startedAt: UInt64
        let number: UInt64
        var bytes = 0

        init(shard: String, startedAt: UInt64, number: UInt64) {
            self.shard = RecordingFolder.escaped(shard)
            self.startedAt = startedAt
            self.number = number
        }

        /// Nil for a name that is none of a segment.
        init?(name: String, bytes: Int) {
            guard name.hasSuffix(".pylr") else { return nil }
            let parts = name.dropLast(5).split(separator: "~", omittingEmptySubsequences: false)
            guard parts.count == 3, let startedAt = UInt64(parts[1]), let number = UInt64(parts[2]) else { return nil }
            shard = String(parts[0])
            self.startedAt = startedAt
            self.number = number
            self.bytes = bytes
        }

        var name: String { "\(shard)~\(startedAt)~\(number).pylr" }

        func precedes(_ other: Segment) -> Bool {
            (startedAt, number) < (other.startedAt, other.number)
        }
    }

    init(_ settings: RecordingSettings, counters: RecordingCounters) {
        self.settings = settings
        self.counters = counters
    }

    /// Makes the folder and lists what is there.
    func open() throws(RecordingError) {
        var made = ""
        for part in settings.folder.split(separator: "/", omittingEmptySubsequences: false) {
            made += part + "/"
            // It may be there already; what else goes wrong shows below.
            _ = mkdir(made, 0o750)
        }
        guard let directory = opendir(settings.folder) else {
            throw .unreadable("\(settings.folder): \(String(cString: strerror(errno)))")
        }
        defer { closedir(directory) }
        guard access(settings.folder, W_OK | X_OK) == 0 else {
            throw .unreadable("\(settings.folder): \(String(cString: strerror(errno)))")
        }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            var size = stat()
            guard stat("\(settings.folder)/\(name)", &size) == 0 else { continue }
            if let segment = Segment(name: name, bytes: size.st_size) { closed.append(segment) }
        }
    }

    func path(of segment: Segment) -> String { "\(settings.folder)/\(segment.name)" }

    /// A segment that was being written is complete.
    func keep(_ segment: Segment) {
        closed.append(segment)
    }

    /// Removes old segments so that a shard may begin another: those from before `limit`, and the oldest beyond the room of the shard and of
    /// all. O(segments).
    func makeRoom(for shard: String, newerThan limit: UInt64?) {
        let shard = Self.escaped(shard)
        closed.sort { $0.precedes($1) }
        let own = closed.filter { $0.shard == shard }
        // A segment covers the time up to the beginning of the next.
        var isGone = Set<String>()
        if let limit {
            for (segment, next) in zip(own, own.dropFirst()) where next.startedAt <= limit {
                isGone.insert(segment.name)
            }
        }
        let share = settings.shardBytesMaximum / RecordingSettings.segmentsPerShard
        choose(&isGone, among: own, keeping: settings.shardBytesMaximum - share)
        choose(&isGone, among: closed, keeping: settings.bytesMaximum - share)
        closed.removeAll { segment in
            guard isGone.contains(segment.name) else { return false }
            unlink(path(of: segment))
            counters.segmentsDropped.add()
            return true
        }
    }

    /// Chooses the oldest, until the others fit into `bytes`.
    private func choose(_ chosen: inout Set<String>, among segments: [Segment], keeping bytes: Int) {
        let left = segments.filter { !chosen.contains($0.name) }
        var total = left.reduce(0) { $0 + $1.bytes }
        for segment in left where total > bytes {
            chosen.insert(segment.name)
            total -= segment.bytes
        }
    }

    /// A shard's id as part of a file's name; long ones are cut and told apart by a hash.
    static func escaped(_ shard: String) -> String {
        var name = ""
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in shard.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default: name += "%" + Hex.encode([byte])
            }
        }
        // A name may have 255 bytes, and 45 go for the rest.
        return name.utf8.count <= 200 ? name : "\(name.prefix(180))%\(String(hash, radix: 16))"
    }
}
