import PylonJSON
import PylonTime
import Testing

@testable import PylonCache

@Suite struct CacheCommandTests {
    private let store = CacheStore(clock: ManualClock())

    private func run(_ text: String) throws -> CacheResult {
        try CacheCommand.run(try JSONParser.parse(text), on: store)
    }

    @Test(arguments: [
        ("5", "5"), ("1.5", "1.5"), ("true", "true"), (#"{"a":[1,null]}"#, #"{"a":[1,null]}"#), (#""x""#, "x"),
        (#""""#, ""),
    ])
    func defectC2AnyValueIsStoredAsItIsWritten(value: String, stored: String) throws {
        _ = try run(#"{"cmd":"SET","key":"k","value":\#(value)}"#)
        #expect(try store.get("k") == stored)
    }

    @Test(
        arguments: [
            ("[]", CacheError.notACommand), ("{}", .notACommand), (#"{"cmd":5}"#, .notACommand),
            (#"{"cmd":"NOPE"}"#, .unknownCommand("NOPE")), (#"{"cmd":"GET"}"#, .missing("key")),
            (#"{"cmd":"SET","key":"k"}"#, .missing("value")),
            (#"{"cmd":"SET","key":"k","value":null}"#, .missing("value")),
            (#"{"cmd":"GET","key":5}"#, .invalid("key", problem: "must be a string")),
            (#"{"cmd":"MGET","keys":["a",1]}"#, .invalid("keys", problem: "must be strings")),
            (#"{"cmd":"INCRBY","key":"k","amount":"x"}"#, .invalid("amount", problem: "must be a whole number")),
            (#"{"cmd":"ZRANGE","key":"k","start":-1}"#, .invalid("start", problem: "must be a whole number from 0")),
            (#"{"cmd":"MSET"}"#, .missing("pairs")), (#"{"cmd":"MSET","pairs":{"a":null}}"#, .missing("pairs.a")),
        ] as [(String, CacheError)])
    func whatIsNoCommandIsRefused(text: String, expected: CacheError) throws {
        #expect(throws: expected) { try run(text) }
        #expect(store.entryCount == 0)
    }

    @Test(arguments: ["0", "-1", "1.5", #""5""#]) func aTimeToLiveIsAWholeNumberOfSeconds(ttl: String) throws {
        #expect(throws: CacheError.self) { try run(#"{"cmd":"SET","key":"k","value":"v","ttl":\#(ttl)}"#) }
    }

    @Test func severalPairsAreStoredOrNone() throws {
        let long = String(repeating: "x", count: store.limits.entryBytesMaximum)
        #expect(throws: CacheError.self) { try run(#"{"cmd":"MSET","pairs":{"a":"1","b":"\#(long)"}}"#) }
        #expect(store.entryCount == 0)
        _ = try run(#"{"cmd":"mset","pairs":{"a":"1","b":2}}"#)
        #expect(try store.get(["a", "b", "c"]) == ["1", "2", nil])
    }
}
