import Testing

@testable import PylonEventStream

private typealias Event = EventStreamParser.Event

/// The events in `stream`, checked to be the same whole, cut in two anywhere, and byte by byte.
private func events(_ stream: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws -> [Event] {
    var whole = EventStreamParser()
    let expected = try whole.feed(stream)
    for cut in 0...stream.count {
        var parser = EventStreamParser()
        let found = try parser.feed(Array(stream[..<cut])) + parser.feed(Array(stream[cut...]))
        #expect(found == expected, "cut at \(cut)", sourceLocation: sourceLocation)
        #expect(parser.lastEventID == whole.lastEventID, sourceLocation: sourceLocation)
        #expect(parser.retry == whole.retry, sourceLocation: sourceLocation)
    }
    var parser = EventStreamParser()
    let chopped = try stream.flatMap { try parser.feed([$0]) }
    #expect(chopped == expected, sourceLocation: sourceLocation)
    return expected
}

private func events(_ stream: String) throws -> [Event] { try events(Array(stream.utf8)) }

private func event(_ data: String, name: String = "message", id: String = "") -> Event {
    Event(name: name, data: data, lastEventID: id)
}

/// The rules and examples of WHATWG HTML §9.2.5 and §9.2.6.
@Suite struct EventStreamParserTests {
    @Test func `lines of data are joined`() throws {
        #expect(try events("data: YHOO\ndata: +2\ndata: 10\n\n") == [event("YHOO\n+2\n10")])
    }

    @Test func `comments, ids and one leading space follow the rules`() throws {
        let stream = ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n"
        #expect(try events(stream) == [event("first event", id: "1"), event("second event")])
        #expect(try events(stream + "\n").last == event(" third event"))
    }

    @Test func `a data field without a value makes an event, its absence makes none`() throws {
        #expect(try events("data\n\ndata\ndata\n\ndata:") == [event(""), event("\n")])
        #expect(try events("event: x\n\ndata: y\n\n") == [event("y")])
    }

    @Test func `one space behind the colon does not count`() throws {
        #expect(try events("data:test\n\ndata: test\n\n") == [event("test"), event("test")])
    }

    @Test(arguments: ["\n", "\r", "\r\n"]) func `every line ending ends a line`(_ lineEnd: String) throws {
        let stream = ["id: 7", "event: e", "data: a", "data: b", "", "data: c", "", ""].joined(separator: lineEnd)
        #expect(try events(stream) == [event("a\nb", name: "e", id: "7"), event("c", id: "7")])
    }

    @Test func `mixed line endings are told apart`() throws {
        // CR LF CR is two line ends, LF CR LF three characters and two line ends.
        #expect(try events("data: a\r\n\rdata: b\n\r\n") == [event("a"), event("b")])
    }

    @Test func `one byte order mark at the very start is dropped`() throws {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let line = Array("data: x\n\n".utf8)
        #expect(try events(mark + line) == [event("x")])
        #expect(try events(mark + mark + line) == [])
        #expect(try events(line + mark + line) == [event("x")])
    }

    @Test func `an event cut off by the end of the stream is not delivered`() throws {
        #expect(try events("data: x\n") == [])
        #expect(try events("data: x") == [])
    }

    @Test func `an id with NUL is ignored, others last until replaced`() throws {
        let stream = "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid: 3\n\ndata: c\n\n"
        #expect(try events(stream) == [event("a", id: "1"), event("b", id: "1"), event("c", id: "3")])
    }

    @Test func `an id takes effect only when its event ends`() throws {
        var parser = EventStreamParser(lastEventID: "9")
        _ = try parser.feed(Array("id: 10\n".utf8))
        #expect(parser.lastEventID == "9")
        _ = try parser.feed([0x0A])
        #expect(parser.lastEventID == "10")
    }

    @Test(arguments: [
        ("retry: 250\n", Duration.milliseconds(250)), ("retry:007\n", .milliseconds(7)), ("retry: 1s\n", nil),
        ("retry: -1\n", nil), ("retry:\n", nil), ("retry: 99999999999999999999\n", nil),
    ]) func `retry is digits only`(_ stream: String, _ expected: Duration?) throws {
        var parser = EventStreamParser()
        _ = try parser.feed(Array(stream.utf8))
        #expect(parser.retry == expected)
    }

    @Test func `field names are exact and unknown ones are ignored`() throws {
        #expect(try events("Data: x\nDATA: y\ndata : z\nnope: 1\n data: q\n\n") == [])
    }

    @Test func `only the first colon separates`() throws {
        #expect(try events("data:a:b: c\n\n") == [event("a:b: c")])
    }

    @Test func `ill-formed UTF-8 is repaired`() throws {
        #expect(try events(Array("data: a".utf8) + [0xFF, 0x0A, 0x0A]) == [event("a\u{FFFD}")])
    }

    @Test func `endless lines and events are cut off`() throws {
        var line = EventStreamParser(bytesMaximum: 16)
        #expect(throws: EventStreamParser.TooLong()) { try line.feed([UInt8](repeating: 0x61, count: 17)) }
        var data = EventStreamParser(bytesMaximum: 16)
        #expect(throws: EventStreamParser.TooLong()) {
            for _ in 0..<3 { _ = try data.feed(Array("data:1234567\n".utf8)) }
        }
    }
}
