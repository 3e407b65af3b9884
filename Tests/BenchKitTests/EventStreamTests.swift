import PylonBenchKit
import Testing

@Suite struct EventStreamTests {
    private func read(_ portions: [String]) -> [String] {
        var stream = EventStream()
        var events: [String] = []
        for portion in portions {
            Array(portion.utf8).withUnsafeBytes { bytes in
                stream.read(bytes) { event in
                    let data = event.data.map { String(decoding: $0, as: UTF8.self) } ?? "-"
                    events.append("\(event.identifier.map(String.init) ?? "-") \(data)")
                }
            }
        }
        return events
    }

    private static let text =
        "id: 41\ndata: {\"a\":1}\n\n: comment\n\nid:42\r\ndata:{}\r\n\r\nretry: 5\nevent: x\ndata: y\n\n"

    @Test func eventsAreFoundWhereverTheTextIsCut() {
        let whole = ["41 {\"a\":1}", "42 {}", "- y"]
        #expect(read([Self.text]) == whole)
        for cut in 0...Self.text.utf8.count {
            let index = Self.text.utf8.index(Self.text.startIndex, offsetBy: cut)
            #expect(read([String(Self.text.utf8[..<index])!, String(Self.text.utf8[index...])!]) == whole)
        }
    }

    @Test func anUnfinishedEventIsNotHandedOver() {
        #expect(read(["id: 1\ndata: x\n"]) == [])
    }
}

@Suite struct ChunkedBodyTests {
    private func read(_ portions: [[UInt8]]) -> (body: String, isOver: Bool) {
        var chunks = ChunkedBody()
        var body: [UInt8] = []
        for portion in portions {
            portion.withUnsafeBytes { bytes in _ = chunks.read(bytes) { body.append(contentsOf: $0) } }
        }
        return (String(decoding: body, as: UTF8.self), chunks.isOver)
    }

    private static let coded = Array("5\r\nhello\r\nA;x=\"1\"\r\n, world ab\r\n1\r\n\n\r\n0\r\n\r\n".utf8)

    @Test func chunksAreJoinedWhereverTheyAreCut() {
        for cut in 0...Self.coded.count {
            let (body, isOver) = read([Array(Self.coded[..<cut]), Array(Self.coded[cut...])])
            #expect(body == "hello, world ab\n" && isOver)
        }
        #expect(read(Self.coded.map { [$0] }).body == "hello, world ab\n")
    }

    @Test(arguments: ["x\r\n", "5\r\nhelloX", "-1\r\n"]) func brokenCodingEndsTheBody(text: String) {
        #expect(read([Array(text.utf8)]).isOver)
    }

    @Test func theEndIsBehindTheTrailersAndWhatFollowsIsLeft() {
        let coded = Array("1\r\na\r\n0\r\nX: y\r\n\r\n".utf8)
        for cut in 0..<coded.count { #expect(!read([Array(coded[..<cut])]).isOver) }
        var chunks = ChunkedBody()
        let used = (coded + Array("HTTP".utf8)).withUnsafeBytes { bytes in chunks.read(bytes) { _ in } }
        #expect(used == coded.count && chunks.isOver && !chunks.isInvalid)
    }

    @Test func anUnfinishedChunkIsHandedOverAsFarAsItCame() {
        let (body, isOver) = read([Array("ff\r\nabc".utf8)])
        #expect(body == "abc" && !isOver)
    }
}
