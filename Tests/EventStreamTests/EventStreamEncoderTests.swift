import PylonBytes
import PylonEventStream
import Testing

/// What `body` writes, as text.
private func written(_ body: (inout ByteBuffer) -> Void) -> String {
    var buffer = ByteBuffer()
    body(&buffer)
    return String(decoding: buffer.copyBytes(), as: UTF8.self)
}

@Suite struct EventStreamEncoderTests {
    @Test func `an event is the lines of the contract`() {
        let json = #"{"n":1}"#
        let text = written { output in
            Array(json.utf8).withUnsafeBytes { EventStreamEncoder.writeEvent(id: 42, data: $0, into: &output) }
        }
        #expect(text == "id: 42\ndata: {\"n\":1}\n\n")
    }

    @Test func `id and name come before the data`() {
        let text = written {
            EventStreamEncoder.writeEvent(id: EventID("a b"), name: EventName("join"), data: "x", into: &$0)
        }
        #expect(text == "id: a b\nevent: join\ndata: x\n\n")
    }

    @Test(arguments: [
        ("", "data: \n\n"), ("a\nb", "data: a\ndata: b\n\n"), ("a\r\nb", "data: a\ndata: b\n\n"),
        ("a\rb", "data: a\ndata: b\n\n"), ("\n", "data: \ndata: \n\n"), ("a\n", "data: a\ndata: \n\n"),
        ("a\r\r\n\nb", "data: a\ndata: \ndata: \ndata: b\n\n"), (" lead", "data:  lead\n\n"),
        ("id: 7\nevent: x", "data: id: 7\ndata: event: x\n\n"),
    ]) func `each line of the data has a field of its own`(_ data: String, _ expected: String) {
        #expect(written { EventStreamEncoder.writeEvent(data: data, into: &$0) } == expected)
    }

    @Test func `a line break is found wherever it stands in a word`() {
        for length in 0...40 {
            for place in 0..<max(length, 1) where length > 0 {
                for lineBreak in ["\n", "\r"] {
                    // 0x0B, 0x0C and 0x8D differ from a break by one bit or a borrow.
                    var data = [Character](repeating: "\u{0B}", count: length).map(String.init)
                    data[place] = lineBreak
                    let before = data[..<place].joined()
                    let after = data[(place + 1)...].joined()
                    let text = written { EventStreamEncoder.writeEvent(data: data.joined(), into: &$0) }
                    #expect(text == "data: \(before)\ndata: \(after)\n\n")
                }
            }
        }
    }

    @Test func `a comment cannot become a field`() {
        #expect(written { EventStreamEncoder.writeComment("heartbeat", into: &$0) } == ": heartbeat\n\n")
        #expect(written { EventStreamEncoder.writeComment("", into: &$0) } == ": \n\n")
        #expect(written { EventStreamEncoder.writeComment("a\ndata: b", into: &$0) } == ": a\n: data: b\n\n")
    }

    @Test func `retry is in whole milliseconds`() {
        #expect(written { EventStreamEncoder.writeRetry(.seconds(2), into: &$0) } == "retry: 2000\n\n")
        #expect(written { EventStreamEncoder.writeRetry(.microseconds(1999), into: &$0) } == "retry: 1\n\n")
        #expect(written { EventStreamEncoder.writeRetry(.seconds(-1), into: &$0) } == "retry: 0\n\n")
    }

    @Test(arguments: ["a\nb", "a\rb", "a\0b", "\n", "\r\n"]) func `names and ids hold no break and no NUL`(
        _ text: String
    ) {
        #expect(EventID(text) == nil)
        #expect(EventName(text) == nil)
        #expect(EventID.last(fromHeader: text) == nil)
    }

    @Test func `an empty id resets, an empty name is none, an empty header is absent`() {
        #expect(EventID("")?.text == "")
        #expect(EventName("") == nil)
        #expect(EventID.last(fromHeader: "") == nil)
        #expect(EventID.last(fromHeader: nil) == nil)
        #expect(EventID.last(fromHeader: "42") == EventID(42))
    }

    @Test func `what is written is read back`() throws {
        let data = ["", "x", " x", "a\nb\n", "\n\n", ":", "data: x", "é🐎", "\u{FEFF}"]
        var buffer = ByteBuffer()
        for (index, text) in data.enumerated() {
            EventStreamEncoder.writeEvent(id: EventID(UInt64(index)), name: EventName("n"), data: text, into: &buffer)
            EventStreamEncoder.writeComment("between", into: &buffer)
        }
        var parser = EventStreamParser()
        let events = try parser.feed(buffer.copyBytes())
        #expect(events.map(\.data) == data)
        #expect(events.map(\.lastEventID) == data.indices.map { "\($0)" })
        #expect(events.allSatisfy { $0.name == "n" })
        #expect(parser.commentCount == data.count)
    }
}
