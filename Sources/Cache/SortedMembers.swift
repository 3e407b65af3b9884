internal import PylonBytes

/// Members with scores, in the order of score, then of the members' bytes.
///
/// The order is kept in chunks of at most ``chunkMaximum``, so that a change moves one chunk, and a rank adds up the sizes of those
/// before: O(√n) for as many members as an entry can have.
struct SortedMembers: CacheCollection, Sendable {
    /// A member and its score.
    struct Entry: Comparable, Sendable {
        let score: Double
        let member: ExactText

        static func < (left: Entry, right: Entry) -> Bool {
            left.score == right.score ? left.member < right.member : left.score < right.score
        }
    }

    /// 256 entries of 24 bytes are moved in a fraction of a microsecond; 60,000 members are 240 chunks to add up.
    static let chunkMaximum = 256

    private var scores: [ExactText: Double] = [:]
    /// None is empty.
    private var chunks: [[Entry]] = []
    private(set) var bytes = 0

    init() {}

    init?(taking value: inout CacheValue) {
        guard case .sorted(let members) = value else { return nil }
        value = .text("")
        self = members
    }

    var value: CacheValue { .sorted(self) }
    var isEmpty: Bool { scores.isEmpty }
    var count: Int { scores.count }

    func score(of member: String) -> Double? { scores[ExactText(member)] }

    /// Adds a member, or gives it another score.
    mutating func set(_ member: String, score: Double) {
        let entry = Entry(score: score, member: ExactText(member))
        if let old = scores.updateValue(score, forKey: entry.member) {
            take(Entry(score: old, member: entry.member))
        } else {
            bytes += Self.cost(member)
        }
        insert(entry)
    }

    mutating func remove(_ member: String) -> Bool {
        guard let score = scores.removeValue(forKey: ExactText(member)) else { return false }
        take(Entry(score: score, member: ExactText(member)))
        bytes -= Self.cost(member)
        return true
    }

    /// How many are before it; nil when it is none.
    func rank(of member: String) -> Int? {
        guard let score = score(of: member) else { return nil }
        let entry = Entry(score: score, member: ExactText(member))
        let chunk = chunkHolding(entry)
        return chunks[..<chunk].reduce(0) { $0 + $1.count } + Self.place(of: entry, in: chunks[chunk])
    }

    /// Those of the ranks from `first` to `last`, both included; none beyond the end.
    func entries(from first: Int, through last: Int) -> [Entry] {
        let last = min(last, count - 1)
        guard first <= last else { return [] }
        var found: [Entry] = []
        var start = 0
        for chunk in chunks where found.count <= last - first {
            if start + chunk.count > first {
                found += chunk[max(first - start, 0)..<min(last - start + 1, chunk.count)]
            }
            start += chunk.count
        }
        return found
    }

    private mutating func insert(_ entry: Entry) {
        guard !chunks.isEmpty else { return chunks.append([entry]) }
        let chunk = chunkHolding(entry)
        chunks[chunk].insert(entry, at: Self.place(of: entry, in: chunks[chunk]))
        if chunks[chunk].count > Self.chunkMaximum {
            let half = chunks[chunk].count / 2
            let upper = Array(chunks[chunk][half...])
            chunks[chunk].removeLast(upper.count)
            chunks.insert(upper, at: chunk + 1)
        }
    }

    private mutating func take(_ entry: Entry) {
        let chunk = chunkHolding(entry)
        chunks[chunk].remove(at: Self.place(of: entry, in: chunks[chunk]))
        if chunks[chunk].isEmpty { chunks.remove(at: chunk) }
    }

    /// The first chunk whose last entry is not before `entry`, else the last one. There is at least one.
    private func chunkHolding(_ entry: Entry) -> Int {
        var (low, high) = (0, chunks.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if let last = chunks[middle].last, last < entry { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The first place in `chunk` whose entry is not before `entry`.
    private static func place(of entry: Entry, in chunk: [Entry]) -> Int {
        var (low, high) = (0, chunk.count)
        while low < high {
            let middle = (low + high) / 2
            if chunk[middle] < entry { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
