/// Which way in is tried next, of several that are listed best first.
///
/// While none has been of any use each gets its turn. Afterwards the best that ever was gets most of them: a server that starts anew is away for a
/// while on every way, which says nothing of any of them; and one that is worse is left again when its stream is cut.
struct RouteChoice {
    /// So many attempts go the best way in a row, before the others get one each.
    static let attemptsAtBest = 4

    private let count: Int
    /// The way that is tried now, by its place.
    private(set) var current = 0
    private var best: Int?
    private var failures = 0

    /// Of `count` ways, beginning with the first.
    init(count: Int) {
        self.count = count
    }

    /// Whether a first stream has another way left.
    var hasNext: Bool { current < count - 1 }

    /// Goes on to the next while there is no first stream.
    mutating func advance() { current += 1 }

    /// The stream was of use; it has ended.
    mutating func succeeded() {
        best = min(best ?? current, current)
        failures = 0
        current = best ?? 0
    }

    /// Nothing came this way.
    mutating func failed() {
        failures += 1
        guard let best else { return current = (current + 1) % count }
        let turn = failures % (Self.attemptsAtBest + count)
        current = turn < Self.attemptsAtBest ? best : turn - Self.attemptsAtBest
    }
}
