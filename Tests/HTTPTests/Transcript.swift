import PylonBytes
import PylonHTTP

/// Everything a parser said about some bytes, with the pieces of each body put together.
struct Transcript: Equatable, CustomStringConvertible {
    struct Request: Equatable {
        var line: String
        var fields: [String]
        var body: [UInt8] = []
        var isComplete = false

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    var requests: [Request] = []
    var heads: [HTTPRequestHead] = []
    var failure: HTTPParseError?
    /// Bytes neither consumed nor refused at the end of the input.
    var unread = 0
    var isIdle = false

    /// Feeds `input` cut at `cuts` to a parser, as a connection would.
    init(_ input: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPLimits(), bodyBytesMaximum: Int? = nil) {
        var parser = HTTPRequestParser(limits: limits)
        var buffer = ByteBuffer()
        var start = 0
        for cut in cuts + [input.count] where failure == nil {
            buffer.append(Array(input[start..<cut]))
            start = cut
            take(&parser, &buffer, bodyBytesMaximum)
        }
        unread = buffer.count
        isIdle = parser.isIdle
    }

    init(_ text: String, cuts: [Int] = [], limits: HTTPLimits = HTTPLimits(), bodyBytesMaximum: Int? = nil) {
        self.init(Array(text.utf8), cuts: cuts, limits: limits, bodyBytesMaximum: bodyBytesMaximum)
    }

    private mutating func take(_ parser: inout HTTPRequestParser, _ buffer: inout ByteBuffer, _ maximum: Int?) {
        while true {
            var body: [UInt8] = []
            let step = buffer.withSpan { input in
                let step = parser.next(input)
                if case .body(let range) = step.event { body = range.map { input[$0] } }
                return step
            }
            buffer.consume(step.consumed)
            switch step.event {
            case .needMore: return
            case .head(let head):
                if let maximum { parser.bodyBytesMaximum = maximum }
                heads.append(head)
                let fields = (0..<head.fields.count).map { "\(head.fields[$0].name)=\(head.fields[$0].value)" }
                let version = head.version == .http10 ? "1.0" : "1.1"
                requests.append(
                    Request(line: "\(head.method) \(head.rawTarget) \(version)", fields: fields))
            case .body: requests[requests.count - 1].body += body
            case .end: requests[requests.count - 1].isComplete = true
            case .failure(let error):
                failure = error
                return
            }
        }
    }

    static func == (left: Self, right: Self) -> Bool {
        left.requests == right.requests && left.failure == right.failure && left.isIdle == right.isIdle
            && (left.failure != nil || left.unread == right.unread)
    }

    var description: String {
        "\(requests.map { "\($0.line) \($0.fields) \($0.text)" }) \(failure.map { "\($0)" } ?? "ok") unread \(unread)"
    }

    /// Ways to cut an input of `length` bytes: everywhere at once, and in two at every place.
    static func cuts(_ length: Int) -> [[Int]] {
        [Array(0..<length)] + (0...length).map { [$0] }
    }
}

/// A head that the parser accepts, made from its text.
func head(_ text: String) throws -> HTTPRequestHead {
    struct Refused: Error {
        var transcript: Transcript
    }
    let transcript = Transcript(text)
    guard let head = transcript.heads.first else { throw Refused(transcript: transcript) }
    return head
}

/// The head of a GET for `target`.
func get(_ target: String, _ fields: String = "") throws -> HTTPRequestHead {
    try head("GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
}
