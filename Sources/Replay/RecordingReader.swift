internal import PylonSimulation

/// Reads a recording block by block from wherever its bytes are. Whatever they are, everything before the first fault is read, and the fault
/// is told.
package struct RecordingReader {
    /// What comes next in a recording.
    package enum Item {
        case state([UInt8])
        case history([UInt8])
        case gap(RecordingGap)
        case end(RecordingEnd)
        /// The bytes end, where a block may end.
        case cut
        /// A block that was not written whole, or is damaged, at this offset. Nothing behind it is read.
        case torn(at: Int)
    }

    package let header: RecordingHeader
    /// Returns up to so many bytes from an offset on; fewer at the end.
    private let read: (_ offset: Int, _ count: Int) -> [UInt8]
    private var offset: Int
    private var isAtStart = true

    /// Reads the header. Throws when the bytes are no recording, or one of a version that is not known here.
    package init(_ read: @escaping (_ offset: Int, _ count: Int) -> [UInt8]) throws(RecordingError) {
        self.read = read
        let magic = read(0, RecordingBlock.magic.count)
        guard magic.dropLast() == RecordingBlock.magic.dropLast() else { throw .notARecording }
        guard magic == RecordingBlock.magic else { throw .unsupportedVersion(Int(magic.last ?? 0)) }
        offset = magic.count
        guard case .block(let kind, let payload, let next) = Self.block(at: offset, read),
            kind == RecordingBlock.Kind.header.rawValue
        else { throw .headerDamaged }
        var state = StateReader(payload)
        do throws(StateError) {
            header = try RecordingHeader(&state)
        } catch {
            if case .unsupportedVersion(let version, _) = error { throw .unsupportedVersion(Int(clamping: version)) }
            throw .headerDamaged
        }
        offset = next
    }

    /// A reader of bytes in memory.
    package init(_ bytes: [UInt8]) throws(RecordingError) {
        try self.init { offset, count in Array(bytes.dropFirst(offset).prefix(count)) }
    }

    /// The next item. Behind the last, and behind a fault, the same comes again.
    package mutating func next() -> Item {
        while true {
            switch Self.block(at: offset, read) {
            case .none: return .cut
            case .torn: return .torn(at: offset)
            case .block(let code, let payload, let next):
                guard let kind = RecordingBlock.Kind(rawValue: code) else {
                    offset = next
                    continue
                }
                // A state is only where the header says.
                guard (kind == .state) == (isAtStart && header.hasState), let item = Self.item(kind, payload) else {
                    return .torn(at: offset)
                }
                isAtStart = false
                // Behind an end there is nothing.
                if case .end = item { return item }
                offset = next
                return item
            }
        }
    }

    private static func item(_ kind: RecordingBlock.Kind, _ payload: [UInt8]) -> Item? {
        var state = StateReader(payload)
        do throws(StateError) {
            switch kind {
            case .header: return nil
            case .state: return .state(payload)
            case .history: return .history(payload)
            case .gap: return .gap(try RecordingGap(&state))
            case .end: return .end(try RecordingEnd(&state))
            }
        } catch {
            return nil
        }
    }

    // MARK: Framing

    private enum Block {
        case block(kind: UInt8, payload: [UInt8], next: Int)
        case torn
        case none
    }

    private static func block(at offset: Int, _ read: (Int, Int) -> [UInt8]) -> Block {
        let head = read(offset, RecordingBlock.headCount)
        if head.isEmpty { return .none }
        guard head.count == RecordingBlock.headCount else { return .torn }
        let count = Int(word(head[0..<4]))
        guard count <= RecordingBlock.payloadBytesMaximum else { return .torn }
        let payload = read(offset + head.count, count)
        guard payload.count == count else { return .torn }
        var crc = CRC32C()
        head[8...].withUnsafeBytes { crc.update($0) }
        payload.withUnsafeBytes { crc.update($0) }
        guard crc.value == word(head[4..<8]) else { return .torn }
        return .block(kind: head[8], payload: payload, next: offset + head.count + count)
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// Why bytes are no recording that can be read.
package enum RecordingError: Error, Hashable, Sendable, CustomStringConvertible {
    case notARecording
    case unsupportedVersion(Int)
    case headerDamaged
    /// The file, and what the operating system said.
    case unreadable(String)

    package var description: String {
        switch self {
        case .notARecording: "this is no recording"
        case .unsupportedVersion(let version): "a recording of version \(version), which this program does not know"
        case .headerDamaged: "the beginning of the recording is damaged"
        case .unreadable(let problem): problem
        }
    }
}
