package import PylonBytes

/// Finds what of a state's JSON is new against an earlier one. Most states differ in few places: what is the same at both ends is found as fast
/// as memory is read, and what lies between by comparing words of eight bytes. Keeps its memory from one use to the next.
package struct StateDeltaEncoder: ~Copyable {
    /// 64 KiB that lie between what is the same at both ends: searching them takes a millisecond at worst. More than that is taken as new.
    package static let searchedBytesMaximum = 64 * 1024
    /// Every fourth word of the base is known, so that whatever is the same for 11 bytes is found.
    private static let stride = 4
    private static let word = MemoryLayout<UInt64>.size
    /// 12 bytes: going elsewhere in the base takes about as many as half of that, and coming back the other.
    private static let anchorBytesMinimum = 12
    /// After 64 places in a row at which nothing is found every second one is looked at, after 128 every third, and so on.
    private static let missesPerStep = 64
    /// 256 bytes by which places that look alike are compared.
    private static let comparedBytesMaximum = 256
    /// A word that the base has more often says nothing of where one is.
    private static let occurrencesMaximum = 8

    /// The last known word of the base with a hash, the one before it with the same, and how many there are; one more than an index, 0 for none.
    private var heads: [UInt16] = []
    private var previous: [UInt16] = []
    private var occurrences: [UInt8] = []
    /// How much of the last two states had to be searched, in bytes.
    package private(set) var searchedBytes = 0

    package init() {}

    /// Appends the operations that make `target` of `base`; false, with nothing appended, when they would take more than `countMaximum` bytes.
    package mutating func encode(
        from base: UnsafeRawBufferPointer, to target: UnsafeRawBufferPointer, countMaximum: Int,
        into output: inout ByteBuffer
    ) -> Bool {
        var writer = OperationWriter(target: target, countMaximum: countMaximum)
        let same = Self.commonStart(base, 0, target, 0)
        let sameAtEnd = Self.commonEnd(base, target, maximum: min(base.count, target.count) - same)
        writer.copy(same, from: 0, at: 0)
        let (baseEnd, targetEnd) = (base.count - sameAtEnd, target.count - sameAtEnd)
        let start = output.count
        searchedBytes = 0
        let searchable = Self.word...Self.searchedBytesMaximum
        if searchable.contains(baseEnd - same), searchable.contains(targetEnd - same) {
            searchedBytes = max(baseEnd, targetEnd) - same
            search(base, same..<baseEnd, target, same..<targetEnd, &writer, &output)
        }
        if sameAtEnd > 0, writer.isWorthwhile { writer.match(sameAtEnd, from: baseEnd, at: targetEnd, into: &output) }
        writer.finish(into: &output)
        if writer.isWorthwhile { return true }
        output.dropLast(output.count - start)
        return false
    }

    // MARK: Between the ends

    private mutating func search(
        _ base: UnsafeRawBufferPointer, _ basePart: Range<Int>, _ target: UnsafeRawBufferPointer,
        _ targetPart: Range<Int>, _ writer: inout OperationWriter, _ output: inout ByteBuffer
    ) {
        let bits = index(base, basePart)
        var place = targetPart.lowerBound
        var misses = 0
        while place + Self.word <= targetPart.upperBound, writer.isWorthwhile {
            let expected = writer.position + place - writer.literalStart
            let anchor = anchor(target, place, targetPart, base, basePart, expected: expected, bits)
            guard let match = Self.match(base, basePart, from: anchor ?? expected, target, targetPart, at: place) else {
                misses += 1
                place += 1 + misses / Self.missesPerStep
                continue
            }
            misses = 0
            var (from, at) = (match.from, match.at)
            while from > basePart.lowerBound, at > writer.literalStart, base[from - 1] == target[at - 1] {
                from -= 1
                at -= 1
            }
            writer.match(match.end - at, from: from, at: at, into: &output)
            place = match.end
        }
    }

    /// The same bytes in both: in the base from `from` on, in the target from `at` to `end`.
    private struct Match {
        let from: Int
        let at: Int
        let end: Int
    }

    /// What is the same from here on, if it is at least a word and as far as `bytesMaximum`.
    private static func match(
        _ base: UnsafeRawBufferPointer, _ basePart: Range<Int>, from: Int, _ target: UnsafeRawBufferPointer,
        _ targetPart: Range<Int>, at place: Int, bytesMaximum: Int = .max / 2
    ) -> Match? {
        guard from >= basePart.lowerBound, from + word <= basePart.upperBound else { return nil }
        let count = commonStart(
            UnsafeRawBufferPointer(rebasing: base[..<min(basePart.upperBound, from + bytesMaximum)]), from,
            UnsafeRawBufferPointer(rebasing: target[..<targetPart.upperBound]), place)
        return count >= word ? Match(from: from, at: place, end: place + count) : nil
    }

    /// Learns the words of the base; returns how many bits their hashes have.
    private mutating func index(_ base: UnsafeRawBufferPointer, _ part: Range<Int>) -> Int {
        let words = (part.count - Self.word) / Self.stride + 1
        let bits = max(4, Int.bitWidth - words.leadingZeroBitCount)
        heads.removeAll(keepingCapacity: true)
        heads.append(contentsOf: repeatElement(0, count: 1 << bits))
        occurrences.removeAll(keepingCapacity: true)
        occurrences.append(contentsOf: repeatElement(0, count: 1 << bits))
        previous.removeAll(keepingCapacity: true)
        for index in 0..<words {
            let hash = Self.hash(base, part.lowerBound + index * Self.stride, bits)
            previous.append(heads[hash])
            heads[hash] = UInt16(index + 1)
            occurrences[hash] = min(occurrences[hash] + 1, UInt8(Self.occurrencesMaximum) + 1)
        }
        return bits
    }

    /// Where in the base the rare word of the target at `place` stands, with enough behind it that going there pays. Of several such places that
    /// where most is the same, and then the nearest to where it would be had nothing been inserted or left out.
    private func anchor(
        _ target: UnsafeRawBufferPointer, _ place: Int, _ targetPart: Range<Int>, _ base: UnsafeRawBufferPointer,
        _ part: Range<Int>, expected: Int, _ bits: Int
    ) -> Int? {
        let hash = Self.hash(target, place, bits)
        guard occurrences[hash] <= Self.occurrencesMaximum else { return nil }
        var best: (from: Int, count: Int)?
        var index = Int(heads[hash])
        while index > 0 {
            let position = part.lowerBound + (index - 1) * Self.stride
            index = Int(previous[index - 1])
            let match = Self.match(
                base, part, from: position, target, targetPart, at: place, bytesMaximum: Self.comparedBytesMaximum)
            guard let match, case let count = match.end - place, count >= Self.anchorBytesMinimum else { continue }
            let isBetter =
                best.map { best in
                    count > best.count
                        || (count == best.count && abs(position - expected) < abs(best.from - expected))
                } ?? true
            if isBetter { best = (position, count) }
        }
        return best?.from
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer, _ place: Int, _ bits: Int) -> Int {
        let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        // Multiplicative hashing (Knuth, TAOCP 6.4) by 2^64 over the golden ratio.
        return Int(truncatingIfNeeded: (word &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - bits))
    }

    // MARK: The ends

    /// How many bytes are the same from `first` and `second` on.
    private static func commonStart(
        _ left: UnsafeRawBufferPointer, _ first: Int, _ right: UnsafeRawBufferPointer, _ second: Int
    ) -> Int {
        let maximum = min(left.count - first, right.count - second)
        var count = 0
        while count + word <= maximum {
            let difference =
                left.loadUnaligned(fromByteOffset: first + count, as: UInt64.self).littleEndian
                ^ right.loadUnaligned(fromByteOffset: second + count, as: UInt64.self).littleEndian
            if difference != 0 { return count + difference.trailingZeroBitCount / 8 }
            count += word
        }
        while count < maximum, left[first + count] == right[second + count] { count += 1 }
        return count
    }

    /// How many bytes are the same before both ends, at most `maximum`.
    private static func commonEnd(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer, maximum: Int
    ) -> Int {
        var count = 0
        while count + word <= maximum {
            let difference =
                left.loadUnaligned(fromByteOffset: left.count - count - word, as: UInt64.self).littleEndian
                ^ right.loadUnaligned(fromByteOffset: right.count - count - word, as: UInt64.self).littleEndian
            if difference != 0 { return count + difference.leadingZeroBitCount / 8 }
            count += word
        }
        while count < maximum, left[left.count - count - 1] == right[right.count - count - 1] { count += 1 }
        return count
    }
}

/// Writes operations, each when it is known what is inserted behind what it copies.
private struct OperationWriter: ~Copyable {
    private let target: UnsafeRawBufferPointer
    private var room: Int
    private var move = 0
    private var copied = 0
    /// Where the base has been copied to.
    private(set) var position = 0
    /// From where on the target has to be inserted or copied.
    private(set) var literalStart = 0

    init(target: UnsafeRawBufferPointer, countMaximum: Int) {
        self.target = target
        room = countMaximum
    }

    /// Whether it is still within its bounds.
    var isWorthwhile: Bool { room >= 0 }

    /// What the first operation copies.
    mutating func copy(_ count: Int, from base: Int, at place: Int) {
        copied = count
        position = base + count
        literalStart = place + count
    }

    /// So many bytes of the target at `place` are those of the base at `base`.
    mutating func match(_ count: Int, from base: Int, at place: Int, into output: inout ByteBuffer) {
        if base == position, place == literalStart {
            copied += count
            position += count
            literalStart += count
            return
        }
        write(insertedTo: place, into: &output)
        move = base - position
        copy(count, from: base, at: place)
    }

    /// What is left of the target is inserted.
    mutating func finish(into output: inout ByteBuffer) {
        if isWorthwhile { write(insertedTo: target.count, into: &output) }
    }

    private mutating func write(insertedTo end: Int, into output: inout ByteBuffer) {
        let inserted = end - literalStart
        guard copied + inserted > 0 else { return }
        let start = output.count
        room -= inserted
        guard room >= 0 else { return }
        PackedNumber.write(signed: move, into: &output)
        PackedNumber.write(UInt64(copied), into: &output)
        PackedNumber.write(UInt64(inserted), into: &output)
        output.append(UnsafeRawBufferPointer(rebasing: target[literalStart..<end]))
        room -= output.count - start - inserted
    }
}
