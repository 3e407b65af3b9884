import PylonBenchKit
import Testing

@Suite struct RequestScriptTests {
    private let script = RequestScript([
        .init("GET", "/a?b=c"), .init("POST", "/d", body: #"{"e": "f g"}"#),
    ])

    @Test func whatIsWrittenIsReadAgain() {
        #expect(RequestScript(text: script.text)?.requests == script.requests)
    }

    @Test(arguments: ["", "\n", "GET\n", "GET /a", "GET a \n", " /a b\n"])
    func whatIsNoScriptIsRefused(_ text: String) {
        #expect(RequestScript(text: text) == nil)
    }

    @Test func messagesSayWhatTheirBodiesAre() {
        let messages = script.messages(host: "h:1", token: "t").map { String(decoding: $0, as: UTF8.self) }
        #expect(messages[0] == "GET /a?b=c HTTP/1.1\r\nHost: h:1\r\nAuthorization: Bearer t\r\n\r\n")
        let head = "POST /d HTTP/1.1\r\nHost: h:1\r\nAuthorization: Bearer t\r\nContent-Type: application/json\r\n"
        #expect(messages[1] == head + "Content-Length: 12\r\n\r\n{\"e\": \"f g\"}")
        #expect(script.messages(host: "h", token: "")[0].count == "GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n".utf8.count)
    }
}
