internal import PylonBytes

/// One pass over a text: recursive descent, a byte at a time where it decides, eight where it only skips.
struct TextReader: ~Copyable {
    let base: UnsafeRawPointer
    let end: Int
    let limits: JSONLimits
    var position = 0
    /// The bytes of the last string that had escapes.
    var unescaped = ByteBuffer()
    private var depth = 0
    private var elements = ScratchStack<JSONValue>()
    private var members = ScratchStack<JSONObject.Member>()
    /// A fingerprint of the key of each of `members`, to tell most different keys apart without comparing them.
    private var fingerprints = ScratchStack<UInt32>()

    init(_ base: UnsafeRawPointer, count: Int, limits: JSONLimits) {
        self.base = base
        self.end = count
        self.limits = limits
    }

    /// The whole text: one value with white space around it.
    mutating func text() throws(JSONParseError) -> JSONValue {
        skipWhitespace()
        let result = try value()
        skipWhitespace()
        guard position == end else { throw unexpected() }
        return result
    }

    private mutating func value() throws(JSONParseError) -> JSONValue {
        guard position < end else { throw unexpected() }
        switch byte(position) {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"):
            try literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default: throw unexpected()
        }
    }

    private mutating func array() throws(JSONParseError) -> JSONValue {
        try open()
        let start = elements.count
        if position < end, byte(position) == UInt8(ascii: "]") {
            close()
            return .array([])
        }
        while true {
            let element = try value()
            elements.push(element)
            skipWhitespace()
            guard position < end else { throw unexpected() }
            switch byte(position) {
            case UInt8(ascii: ","):
                position += 1
                skipWhitespace()
            case UInt8(ascii: "]"):
                close()
                return .array(elements.pop(from: start))
            default: throw unexpected()
            }
        }
    }

    private mutating func object() throws(JSONParseError) -> JSONValue {
        try open()
        let start = members.count
        if position < end, byte(position) == UInt8(ascii: "}") {
            close()
            return .object(JSONObject())
        }
        var positions: [ExactKey: Int]?
        while true {
            try member(start, &positions)
            skipWhitespace()
            guard position < end else { throw unexpected() }
            switch byte(position) {
            case UInt8(ascii: ","):
                position += 1
                skipWhitespace()
            case UInt8(ascii: "}"):
                close()
                fingerprints.truncate(to: start)
                return .object(JSONObject(distinct: members.pop(from: start), positions: positions))
            default: throw unexpected()
            }
        }
    }

    @inline(__always)
    private mutating func member(_ start: Int, _ positions: inout [ExactKey: Int]?) throws(JSONParseError) {
        let keyOffset = position
        guard position < end, byte(position) == UInt8(ascii: "\"") else { throw unexpected() }
        let key = try string()
        let fingerprint = fingerprint(of: key, from: keyOffset)
        let known = knownPosition(of: key, fingerprint, start, positions)
        if known != nil, limits.duplicateKeys == .refused { throw JSONParseError(.duplicateKey, at: keyOffset) }
        skipWhitespace()
        guard position < end, byte(position) == UInt8(ascii: ":") else { throw unexpected() }
        position += 1
        skipWhitespace()
        let value = try value()
        if let known {
            members[known].value = value
            return
        }
        members.push(JSONObject.Member(key: key, value: value))
        fingerprints.push(fingerprint)
        let count = members.count - start
        if count >= JSONObject.indexedFrom { index(start, count, &positions) }
    }

    /// Where `key` stands in `members` if the object that began at `start` has it already.
    @inline(__always)
    private func knownPosition(
        of key: String, _ fingerprint: UInt32, _ start: Int, _ positions: [ExactKey: Int]?
    ) -> Int? {
        if let positions { return positions[ExactKey(key)].map { $0 + start } }
        var candidate = start
        while candidate < fingerprints.count {
            if fingerprints[candidate] == fingerprint, members[candidate].key.hasSameBytes(as: key) { return candidate }
            candidate += 1
        }
        return nil
    }

    /// Adds the last member to the index of a large object, or every member when it has just become large.
    @inline(never)
    private func index(_ start: Int, _ count: Int, _ positions: inout [ExactKey: Int]?) {
        var unindexed = count - 1
        if positions == nil {
            positions = Dictionary(minimumCapacity: 4 * count)
            unindexed = 0
        }
        while unindexed < count {
            positions?[ExactKey(members[start + unindexed].key)] = unindexed
            unindexed += 1
        }
    }

    /// A few bits of the key whose text began at `offset` and ends just before `position`; equal keys may differ in it
    /// only when one of them is escaped, so an escaped key is fingerprinted by what it spells.
    @inline(__always)
    private func fingerprint(of key: String, from offset: Int) -> UInt32 {
        let length = position - offset - 2
        if length == key.utf8.count { return Self.fingerprint(base + offset + 1, length) }
        return unescaped.withUnsafeBytes { Self.fingerprint($0.baseAddress, $0.count) }
    }

    @inline(__always)
    private static func fingerprint(_ bytes: UnsafeRawPointer?, _ count: Int) -> UInt32 {
        guard let bytes, count > 0 else { return 0 }
        var first: UInt64 = 0
        var last: UInt64 = 0
        if count >= 8 {
            first = bytes.loadUnaligned(as: UInt64.self)
            last = bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        } else if count >= 4 {
            first = UInt64(bytes.loadUnaligned(as: UInt32.self))
            last = UInt64(bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
        } else {
            first =
                UInt64(bytes.load(as: UInt8.self)) << 8 | UInt64(bytes.load(fromByteOffset: count - 1, as: UInt8.self))
            last = UInt64(bytes.load(fromByteOffset: count / 2, as: UInt8.self))
        }
        let mixed = (first &* 0x9E37_79B9_7F4A_7C15) ^ (last &* 0xC2B2_AE3D_27D4_EB4F) ^ UInt64(count)
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }
}

extension TextReader {
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 {
        assert(offset >= 0 && offset < end, "reading outside the text")
        return base.load(fromByteOffset: offset, as: UInt8.self)
    }

    /// The error for a text that cannot go on like this at `position`.
    @inline(never)
    func unexpected() -> JSONParseError {
        position < end
            ? JSONParseError(.unexpectedByte(byte(position)), at: position) : JSONParseError(.unexpectedEnd, at: end)
    }

    @inline(__always)
    mutating func skipWhitespace() {
        if position < end, byte(position) > 0x20 { return }
        skipLongWhitespace()
    }

    @inline(never)
    private mutating func skipLongWhitespace() {
        while position < end {
            switch byte(position) {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
            // Indentation is mostly runs of spaces.
            while end - position >= 8,
                base.loadUnaligned(fromByteOffset: position, as: UInt64.self) == 0x2020_2020_2020_2020
            {
                position += 8
            }
        }
    }

    @inline(__always)
    private mutating func open() throws(JSONParseError) {
        guard depth < limits.depthMaximum else { throw JSONParseError(.tooDeep, at: position) }
        depth += 1
        position += 1
        skipWhitespace()
    }

    @inline(__always)
    private mutating func close() {
        depth -= 1
        position += 1
    }

    @inline(__always)
    private mutating func literal(_ word: StaticString) throws(JSONParseError) {
        let length = word.utf8CodeUnitCount
        for index in 0..<length {
            guard position < end, byte(position) == word.utf8Start[index] else { throw unexpected() }
            position += 1
        }
    }
}
