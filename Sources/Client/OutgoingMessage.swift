internal import PylonBytes
internal import PylonJSON
internal import PylonStreamProtocol
internal import PylonTime

/// What a client sends on a stream.
enum OutgoingMessage {
    /// An input: of v1 as it is, since `tick` is of v2 only. `subscriber` is for inputs that are posted.
    static func input(
        _ input: JSONValue, sequence: UInt64, tick: Tick? = nil, subscriber: String? = nil
    ) -> [UInt8] {
        object { json in
            if let subscriber { json.member("subscriber_id", subscriber) }
            json.member("input", input)
            json.member("client_seq", sequence)
            if let tick { json.member("tick", tick.number) }
        }
    }

    /// Asks for the whole state.
    static func keyframe() -> [UInt8] {
        object { $0.member("type", "keyframe" as StaticString) }
    }

    /// Compares clocks. `milliseconds` is this side's, for the server's log only: what comes back is known by its id.
    static func ping(id: UInt64, milliseconds: Double) -> [UInt8] {
        object { json in
            json.member("type", "ping" as StaticString)
            json.member("id", id)
            json.member("client_ms", milliseconds, decimals: 3)
        }
    }

    /// The hash that this client's own simulation has at a tick.
    static func hash(_ hash: UInt64, tick: Tick) -> [UInt8] {
        let digits = String(hash, radix: 16)
        return object { json in
            json.member("type", "hash" as StaticString)
            json.member("tick", tick.number)
            json.member("hash", String(repeating: "0", count: 16 - digits.utf8.count) + digits)
        }
    }

    /// The newest state that was applied, in its binary form: `04 ‖ tick`, seven bits to a byte.
    static func acknowledgement(_ tick: Tick) -> [UInt8] {
        var bytes = ByteBuffer()
        bytes.append(ClientMessage.acknowledgementType)
        PackedNumber.write(tick.number, into: &bytes)
        return bytes.copyBytes()
    }

    private static func object(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(capacity: 96)
        json.beginObject()
        write(&json)
        json.endObject()
        return json.finish().copyBytes()
    }
}
