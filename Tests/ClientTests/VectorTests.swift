internal import Glibc
internal import PylonBytes
internal import PylonJSON
internal import PylonTime
internal import Testing

@testable internal import PylonClient

/// docs/protocol/vectors/stream-v2.json, which the server's tests read, too.
@Suite(.enabled(if: Vector.areThere, "the vectors come with the server's side of stream v2")) struct VectorTests {
    @Test(arguments: Vector.all("server")) func whatServersSendIsRead(vector: Vector) throws {
        guard let means = vector.json["means"] else {
            #expect(throws: ClientError.self) { try vector.read() }
            return
        }
        switch (try vector.read(), means["type"]?.string) {
        case (.hello(let hello), "hello"):
            #expect(hello.json == means)
            #expect(hello.tick.number == means.number("tick"))
            #expect(hello.isResumed == means["resumed"]?.bool)
            #expect(hello.resumeToken == means["resume"]?.string)
            #expect(hello.acknowledgement?.clientSequence == means["ack"]?.number("client_seq"))
            #expect(hello.eventSequence == means.number("event_seq"))
            #expect(hello.shard == means["shard"]?.string)
            #expect(hello.movedFrom == means["moved_from"]?.string)
        case (.acknowledgement(let ack), "ack"):
            #expect(ack.clientSequence == means.number("client_seq"))
            #expect(ack.tick?.number == means.number("tick"))
        case (.refusal(let refusal), "error"):
            #expect(refusal.code == means["code"]?.string)
            #expect(refusal.message == means["message"]?.string)
            #expect(refusal.clientSequence == means.number("client_seq"))
        case (.event(let event), "event"):
            #expect(event.sequence == means.number("seq"))
            #expect(event.event == means["event"])
        case (.pong(let pong), "pong"):
            #expect(pong.id == means.number("id"))
            #expect(pong.serverMilliseconds == means["server_ms"]?.double)
            #expect(pong.tick.number == means.number("tick"))
            #expect(pong.tickAgeMilliseconds == means["tick_age_ms"]?.double)
        case (.bye(let bye), "bye"):
            #expect(bye.code == means["code"]?.string)
            #expect(bye.reason == means["reason"]?.string)
            #expect(bye.shard == means["shard"]?.string)
            #expect(bye.retryAfter == means.number("retry_after_ms").map { .milliseconds(Int64($0)) })
        case (.entities(let frame, let clientSequence), "entities"):
            #expect(frame.tick.number == means.number("tick"))
            #expect(frame.baseAge == means.number("base_age"))
            #expect(clientSequence == means.number("client_seq"))
        case (.state(let tick, _), "keyframe"):
            #expect(tick.number == means.number("tick"))
            #expect(try JSONParser.parse(Array(vector.bytes.dropFirst(9))) == means["state"])
        default: Issue.record("another message")
        }
    }

    @Test(arguments: Vector.all("client")) func whatThisClientSendsIsAsDescribed(vector: Vector) throws {
        guard let means = vector.json["means"] else { return }
        let made: [UInt8]
        switch means["type"]?.string {
        case "input":
            guard let sequence = means.number("client_seq"), let input = means["input"] else { return }
            made = OutgoingMessage.input(input, sequence: sequence, tick: means.number("tick").map { Tick($0) })
        case "ack":
            made = OutgoingMessage.acknowledgement(Tick(try #require(means.number("tick"))))
            // This client says it in binary always.
            guard !vector.isText else { return }
        case "keyframe": made = OutgoingMessage.keyframe()
        case "ping":
            guard let id = means.number("id"), let milliseconds = means["client_ms"]?.double else { return }
            made = OutgoingMessage.ping(id: id, milliseconds: milliseconds)
        case "hash":
            let digits = try #require(means["hash"]?.string)
            made = OutgoingMessage.hash(
                try #require(UInt64(digits, radix: 16)), tick: Tick(try #require(means.number("tick"))))
        default:
            Issue.record("a message that this client does not know")
            return
        }
        guard vector.isText else {
            #expect(made == vector.bytes)
            return
        }
        for member in try #require(JSONParser.parse(made).object) {
            #expect(member.value == means[member.key] || member.key == "type")
        }
    }
}

/// One message of the file.
struct Vector: CustomTestStringConvertible, Sendable {
    let json: JSONValue
    let bytes: [UInt8]
    var isText: Bool { json["text"] != nil }
    var testDescription: String { json["name"]?.string ?? "" }

    static var areThere: Bool { access(path, F_OK) == 0 }

    private static var path: String {
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
            + "/docs/protocol/vectors/stream-v2.json"
    }

    /// The messages of `side`; none while the file is not there.
    static func all(_ side: String) -> [Vector] {
        guard areThere, let list = try? JSONParser.parse(contents())[side]?.array else { return [] }
        return list.map(Vector.init)
    }

    private init(_ json: JSONValue) {
        self.json = json
        bytes = json["text"]?.string.map { Array($0.utf8) } ?? Hex.decode(json["binary"]?.string ?? "") ?? []
    }

    private static func contents() -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return bytes
    }

    /// Reads it as the client does.
    func read() throws -> IncomingMessage {
        try bytes.withUnsafeBytes { try isText ? IncomingMessage(text: $0) : IncomingMessage(version2: $0) }
    }
}

extension JSONValue {
    fileprivate func number(_ name: String) -> UInt64? { self[name]?.int.map { UInt64($0) } }
}
