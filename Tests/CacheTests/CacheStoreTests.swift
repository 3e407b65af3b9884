import PylonTelemetry
import PylonTime
import Testing

@testable import PylonCache

@Suite struct CacheStoreTests {
    private let clock = ManualClock()

    private func store(_ configure: (inout CacheLimits) -> Void = { _ in }) -> CacheStore {
        var limits = CacheLimits()
        configure(&limits)
        return CacheStore(limits: limits, clock: clock)
    }

    // MARK: Bounds

    @Test func theKeyUsedLongestAgoMakesRoom() throws {
        let store = store { $0.entriesMaximum = 3 }
        for key in ["a", "b", "c"] { try store.set(key, key) }
        #expect(try store.get("a") == "a")
        // Asking whether it is there is no use of it.
        #expect(try store.has("b"))
        try store.set("d", "d")
        #expect(try ["a", "b", "c", "d"].map { try store.get($0) } == ["a", nil, "c", "d"])
        #expect(store.statistics.evictions == 1)
    }

    @Test func defectC2OverwritingAtCapacityEvictsNobody() throws {
        let store = store { $0.entriesMaximum = 2 }
        try store.set("a", "1")
        try store.set("b", "1")
        try store.set("a", "2")
        #expect(try store.get("a") == "2")
        #expect(try store.get("b") == "1")
        #expect(store.statistics.evictions == 0)
    }

    @Test func bytesAreBoundedToo() throws {
        let store = store {
            $0.bytesMaximum = 20_000
            $0.entryBytesMaximum = 10_000
        }
        let text = String(repeating: "x", count: 3000)
        for number in 0..<20 { try store.set("k\(number)", text) }
        #expect(store.bytes <= 20_000)
        #expect(store.entryCount == 6)
        #expect(try store.get("k19") == text)
        // A list that grows pushes others out, and is itself refused at last.
        for _ in 0..<3 { _ = try store.push("list", text, atFront: false) }
        #expect(store.bytes <= 20_000)
        #expect(throws: CacheError.entryTooLarge(maximum: 10_000)) { try store.push("list", text, atFront: true) }
        #expect(try store.listCount("list") == 3)
        #expect(throws: CacheError.entryTooLarge(maximum: 10_000)) {
            try store.set("k19", String(repeating: "x", count: 10_000))
        }
        #expect(try store.get("k19") == text)
    }

    @Test func whatIsRemovedCountsNoMore() throws {
        let store = store()
        for round in 0..<3 {
            try store.set("t", String(repeating: "x", count: round))
            for number in 0..<5 {
                _ = try store.push("l", "e\(number)", atFront: number % 2 == 0)
                _ = try store.add("s", member: "m\(number)")
                try store.set("h", field: "f\(number)", "v")
                try store.set("h", field: "f\(number)", "longer")
                try store.add("z", member: "m\(number)", score: Double(number))
            }
        }
        for _ in 0..<15 { _ = try store.pop("l", atFront: true) }
        for number in 0..<5 {
            #expect(try store.remove("s", member: "m\(number)"))
            #expect(try store.remove("h", field: "f\(number)"))
            #expect(try store.remove("z", scored: "m\(number)"))
        }
        #expect(try store.remove("t"))
        #expect(store.entryCount == 0)
        #expect(store.bytes == 0)
    }

    @Test func keysAndResultsAreBounded() throws {
        let store = store { $0.resultBytesMaximum = 100 }
        #expect(throws: CacheError.self) { try store.set(String(repeating: "k", count: 4097), "") }
        for number in 0..<10 { try store.set("key-\(number)", String(repeating: "v", count: 30)) }
        #expect(throws: CacheError.resultTooLarge(maximum: 100)) { try store.get((0..<10).map { "key-\($0)" }) }
        #expect(throws: CacheError.resultTooLarge(maximum: 100)) {
            for number in 10..<30 { try store.set("key-\(number)", "") }
            _ = try store.keys(matching: "*")
        }
        #expect(throws: CacheError.self) { try store.keys(matching: String(repeating: "*", count: 257)) }
    }

    // MARK: Time

    @Test func aKeyGoesWhenItsTimeIsOver() throws {
        let store = store()
        try store.set("a", "1", ttl: .seconds(10))
        try store.set("b", "1")
        clock.advance(by: .milliseconds(9001))
        #expect(try store.secondsLeft("a") == 1)
        #expect(try store.secondsLeft("b") == -1)
        #expect(try store.secondsLeft("c") == -2)
        clock.advance(by: .milliseconds(999))
        #expect(try store.get("a") == nil)
        #expect(try store.has("a") == false)
        #expect(store.statistics.expired == 1)
        #expect(store.count() == 1)
    }

    @Test func timesToLiveAreKeptAndTakenAway() throws {
        let store = store()
        try store.set("n", "1", ttl: .seconds(10))
        #expect(try store.increment("n", by: 5) == 6)
        #expect(try store.secondsLeft("n") == 10)
        #expect(try store.persist("n"))
        #expect(try !store.persist("n"))
        #expect(try store.expire("n", after: .seconds(5)))
        #expect(try store.exchange("n", "7") == "6")
        #expect(try store.secondsLeft("n") == -1)
        #expect(try store.expire("n", after: .zero))
        #expect(try !store.expire("n", after: .seconds(1)))
        #expect(try store.push("l", "x", atFront: true) == 1)
        #expect(try store.expire("l", after: .seconds(5)))
        #expect(try store.push("l", "y", atFront: true) == 2)
        #expect(try store.secondsLeft("l") == 5)
    }

    @Test func whatExpiredIsForgottenWithoutBeingAskedFor() throws {
        let store = store()
        for number in 0..<3000 { try store.set("k\(number)", "v", ttl: .seconds(number < 2000 ? 1 : 100)) }
        clock.advance(by: .seconds(1))
        try store.set("other", "v")
        #expect(store.entryCount == 3001 - CacheLimits.expiredInPassing)
        #expect(store.forgetExpired() == 2000 - CacheLimits.expiredInPassing)
        #expect(store.count() == 1001)
    }

    /// Deadlines of a key that is set again and again do not gather.
    @Test func aNewTimeReplacesTheOld() throws {
        let store = store()
        for number in 0..<10_000 { try store.set("k", "v", ttl: .seconds(10 + number)) }
        clock.advance(by: .seconds(10_000))
        #expect(try store.get("k") == "v")
        #expect(try store.secondsLeft("k") == 9)
        clock.advance(by: .seconds(9))
        #expect(store.forgetExpired() == 1)
    }

    // MARK: Values

    @Test func defectC1AnEmptiedSortedSetIsNoTrap() throws {
        let store = store()
        try store.add("z", member: "a", score: 1)
        #expect(try store.remove("z", scored: "a"))
        #expect(try store.ranked("z", from: 0, through: 10).isEmpty)
        #expect(try store.scoredCount("z") == 0)
        try store.add("z", member: "b", score: 2)
        #expect(try store.ranked("z", from: 0, through: .max).map(\.member) == ["b"])
        #expect(try store.ranked("z", from: 5, through: 4).isEmpty)
    }

    @Test func defectC2EmptyCollectionsAreGone() throws {
        let store = store()
        _ = try store.push("l", "x", atFront: true)
        #expect(try store.pop("l", atFront: false) == "x")
        #expect(try store.pop("l", atFront: false) == nil)
        #expect(try !store.has("l"))
        #expect(try store.typeName("l") == nil)
    }

    @Test(
        arguments: [
            (0, -1, ["a", "b", "c"]), (1, 1, ["b"]), (-2, -1, ["b", "c"]), (3, 9, []), (5, 5, []), (2, 1, []),
            (-9, 0, ["a"]), (0, -4, []), (.min, .max, ["a", "b", "c"]), (.max, .max, []), (0, .min, []),
        ] as [(Int, Int, [String])])
    func defectC2ARangeBeyondTheListIsEmpty(start: Int, stop: Int, expected: [String]) throws {
        let store = store()
        for text in ["b", "a"] { _ = try store.push("l", text, atFront: true) }
        _ = try store.push("l", "c", atFront: false)
        #expect(try store.list("l", from: start, through: stop) == expected)
    }

    @Test func defectC2SumsDoNotWrap() throws {
        let store = store()
        try store.set("n", String(Int64.max))
        #expect(throws: CacheError.overflow) { try store.increment("n", by: 1) }
        #expect(try store.get("n") == String(Int64.max))
        try store.set("h", field: "n", String(Int64.min))
        #expect(throws: CacheError.overflow) { try store.increment("h", field: "n", by: -1) }
        try store.set("h", field: "n", "x")
        #expect(throws: CacheError.notAnInteger) { try store.increment("h", field: "n", by: 1) }
        #expect(try store.get("h", field: "n") == "x")
        #expect(try store.increment("h", field: "m", by: -3) == -3)
    }

    @Test func anotherTypeReadsAsNothingAndIsReplacedByWrites() throws {
        let store = store()
        try store.set("k", "text", ttl: .seconds(5))
        #expect(try store.list("k", from: 0, through: -1) == [])
        #expect(try store.pop("k", atFront: true) == nil)
        #expect(try !store.remove("k", member: "x"))
        #expect(try store.get("k") == "text")
        #expect(try store.add("k", member: "m"))
        #expect(try store.typeName("k") == "set")
        #expect(try store.secondsLeft("k") == -1)
        #expect(try store.get("k") == nil)
        #expect(try store.increment("k", by: 1) == 1)
        #expect(try store.typeName("k") == "string")
    }

    @Test func textsThatOnlyLookAlikeAreDifferent() throws {
        let store = store()
        try store.set("\u{E9}", "composed")
        try store.set("e\u{301}", "decomposed")
        #expect(try store.get("\u{E9}") == "composed")
        #expect(store.entryCount == 2)
    }

    @Test func emptyingBeginsTheStatisticsAnew() throws {
        let store = store()
        try store.set("a", "1")
        _ = try store.get("a")
        _ = try store.get("b")
        #expect(store.statistics == CacheStatistics(hits: 1, misses: 1, sets: 1))
        store.removeAll()
        #expect(store.statistics == CacheStatistics())
        #expect(store.bytes == 0)
        #expect(store.counters.hits.value == 1)
    }
}
