import PylonBenchKit
import Testing

@Suite struct HTTPResponsesTests {
    private func read(_ portions: [Substring]) -> (responses: [HTTPResponses.Response], isBroken: Bool) {
        var reader = HTTPResponses()
        var responses: [HTTPResponses.Response] = []
        for portion in portions {
            Array(portion.utf8).withUnsafeBytes { bytes in reader.read(bytes) { responses.append($0) } }
        }
        return (responses, reader.isBroken)
    }

    private static let text: Substring = """
        HTTP/1.1 200 OK\r\ncontent-length:  5\r\nServer: x\r\n\r\nhelloHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n\
        HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n\
        HTTP/1.1 204 No Content\r\nX-Content-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!
        """

    private static let whole = [
        HTTPResponses.Response(status: 200, bodyBytes: 5), .init(status: 201, bodyBytes: 0),
        .init(status: 404, bodyBytes: 5), .init(status: 204, bodyBytes: 0), .init(status: 200, bodyBytes: 1),
    ]

    @Test func responsesAreFoundWhereverTheyAreCut() {
        #expect(read([Self.text]).responses == Self.whole)
        for cut in 0...Self.text.utf8.count {
            let index = Self.text.utf8.index(Self.text.startIndex, offsetBy: cut)
            let (responses, isBroken) = read([Self.text[..<index], Self.text[index...]])
            #expect(responses == Self.whole && !isBroken)
        }
    }

    @Test func oneByteAtATimeIsEnough() {
        let bytes = Self.text.utf8.map { Substring(String(UnicodeScalar($0))) }
        #expect(read(bytes).responses == Self.whole)
    }

    @Test func anUnfinishedResponseIsNotHandedOver() {
        #expect(read(["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"]).responses == [])
        #expect(read(["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"]).responses == [])
    }

    @Test(arguments: [
        "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 xyz\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nq\r\n",
    ])
    func whatIsNoResponseIsNotReadOn(_ text: String) {
        let (responses, isBroken) = read([Substring(text), Self.text])
        #expect(responses.isEmpty && isBroken)
    }

    @Test func aHeadWithoutEndIsGivenUp() {
        let line = Substring("X: " + String(repeating: "y", count: 1000) + "\r\n")
        #expect(read(["HTTP/1.1 200 OK\r\n"] + [Substring](repeating: line, count: 20)).isBroken)
    }
}
