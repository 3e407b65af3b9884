/// A range of a head's bytes; a head never has 4 GiB.
struct ByteRange: Sendable {
    private let start: UInt32
    private let end: UInt32

    @inline(__always)
    init(_ range: Range<Int>) {
        start = UInt32(range.lowerBound)
        end = UInt32(range.upperBound)
    }

    @inline(__always)
    var range: Range<Int> { Int(start)..<Int(end) }

    @inline(__always)
    var isEmpty: Bool { start == end }
}
