package import PylonJSON

/// What a server of stream v2 sends as JSON (docs/protocol/stream-v2.md). Each writes exactly one object.
package enum ServerMessage {
    /// The type byte in front of a whole state: `02 ‖ tick u64be ‖ JSON`.
    package static let keyframeType: UInt8 = 0x02
    /// The type byte in front of a subscriber's own state of entities.
    package static let entitiesType: UInt8 = 0x03

    /// The newest input of a subscriber that the world contains.
    package struct Acknowledgement: Hashable, Sendable {
        /// The client's own number for it.
        package let clientSequence: UInt64
        /// The shard's number for it.
        package let sequence: UInt64
        /// The step in which it was applied.
        package let tick: UInt64

        package init(clientSequence: UInt64, sequence: UInt64, tick: UInt64) {
            self.clientSequence = clientSequence
            self.sequence = sequence
            self.tick = tick
        }

        fileprivate func writeMembers(into json: inout JSONWriter) {
            json.member("client_seq", clientSequence)
            json.member("seq", sequence)
            json.member("tick", tick)
        }
    }

    /// Writes `ack`.
    package static func write(_ acknowledgement: Acknowledgement, into json: inout JSONWriter) {
        json.beginObject()
        json.member("type", "ack" as StaticString)
        acknowledgement.writeMembers(into: &json)
        json.endObject()
    }

    /// Writes `error`: the message with `clientSequence` was refused. `tick` is the one that a `DESYNC` is about.
    package static func writeError(
        _ code: StreamErrorCode, _ message: String, clientSequence: UInt64?, tick: UInt64? = nil,
        into json: inout JSONWriter
    ) {
        json.beginObject()
        json.member("type", "error" as StaticString)
        json.member("code", code.rawValue)
        json.member("message", message)
        json.member("client_seq", clientSequence)
        if let tick { json.member("tick", tick) }
        json.endObject()
    }

    /// What a `pong` tells besides the answered ping: the server's monotonic clock, the shard's last step and how long ago it was.
    package struct Time: Hashable, Sendable {
        package let serverMilliseconds: Double
        package let tick: UInt64
        package let tickAgeMilliseconds: Double

        package init(serverMilliseconds: Double, tick: UInt64, tickAgeMilliseconds: Double) {
            self.serverMilliseconds = serverMilliseconds
            self.tick = tick
            self.tickAgeMilliseconds = tickAgeMilliseconds
        }
    }

    /// Writes `pong`.
    package static func writePong(
        id: UInt64, clientMilliseconds: Double?, _ time: Time, into json: inout JSONWriter
    ) {
        json.beginObject()
        json.member("type", "pong" as StaticString)
        json.member("id", id)
        json.key("client_ms")
        if let clientMilliseconds { json.value(clientMilliseconds) } else { json.null() }
        // Microseconds: what is finer is the network's noise.
        json.member("server_ms", time.serverMilliseconds, decimals: 3)
        json.member("tick", time.tick)
        json.member("tick_age_ms", time.tickAgeMilliseconds, decimals: 3)
        json.endObject()
    }

    /// The last message of a stream.
    package struct Bye: Hashable, Sendable {
        package let code: StreamByeCode
        /// Text for people.
        package let reason: String
        /// When to come back; nil for not at all, or not in the same way.
        package let retryAfterMilliseconds: Int?
        /// With `RESYNC_REQUIRED`, the oldest event that is still there.
        package let oldestSequence: UInt64?
        /// With `MOVED`, the shard that goes on.
        package let shard: String?

        package init(
            _ code: StreamByeCode, reason: String, retryAfterMilliseconds: Int?, oldestSequence: UInt64? = nil,
            shard: String? = nil
        ) {
            self.shard = shard
            self.code = code
            self.reason = reason
            self.retryAfterMilliseconds = retryAfterMilliseconds
            self.oldestSequence = oldestSequence
        }
    }

    /// Writes `bye`.
    package static func write(_ bye: Bye, into json: inout JSONWriter) {
        json.beginObject()
        json.member("type", "bye" as StaticString)
        json.member("code", bye.code.rawValue)
        json.member("reason", bye.reason)
        json.member("retry_after_ms", bye.retryAfterMilliseconds)
        if let oldest = bye.oldestSequence { json.member("oldest_seq", oldest) }
        if let shard = bye.shard { json.member("shard", shard) }
        json.endObject()
    }

    /// Writes `event`, where `event` is one JSON value.
    package static func writeEvent(number: UInt64, event: UnsafeRawBufferPointer, into json: inout JSONWriter) {
        json.beginObject()
        json.member("type", "event" as StaticString)
        json.member("seq", number)
        json.key("event")
        json.raw(event)
        json.endObject()
    }

    /// The first message of a stream.
    package struct Hello: Sendable {
        package var shard = ""
        package var subscriber = ""
        /// The shard's last step.
        package var tick: UInt64 = 0
        package var settings = Settings()
        package var serverMilliseconds = 0.0
        /// Names this subscriber's seat in this shard to a later connection.
        package var resumeToken = ""
        /// Whether the seat of an earlier connection goes on.
        package var isResumed = false
        /// The shard from which the subscriber has just come, on this very connection.
        package var movedFrom: String?
        /// The JSON that describes the entities; nil for a state of JSON.
        package var schema: [UInt8]?
        /// Whether states of JSON may come as deltas.
        package var hasDeltas = false
        package var acknowledgement: Acknowledgement?
        /// The number that the stream's events come behind; nil when it carries none.
        package var eventSequence: UInt64?

        package init() {}
    }

    /// What of a shard's configuration matters to a client.
    package struct Settings: Hashable, Sendable {
        package var tickRateHertz = 0
        package var ticksPerSnapshot = 1
        package var inputDelayTicks = 0
        package var inputsPerSecond = 0
        package var reconnectGraceMilliseconds = 0
        package var hashTicks = 0

        package init() {}
    }

    /// Writes `hello`.
    package static func write(_ hello: Hello, into json: inout JSONWriter) {
        json.beginObject()
        json.member("type", "hello" as StaticString)
        json.member("proto", 2)
        json.member("shard", hello.shard)
        json.member("sid", hello.subscriber)
        json.member("tick", hello.tick)
        json.member("tick_rate_hz", hello.settings.tickRateHertz)
        json.member("ticks_per_snapshot", hello.settings.ticksPerSnapshot)
        json.member("input_delay_ticks", hello.settings.inputDelayTicks)
        json.member("inputs_per_second", hello.settings.inputsPerSecond)
        json.member("reconnect_grace_ms", hello.settings.reconnectGraceMilliseconds)
        json.member("hash_ticks", hello.settings.hashTicks)
        json.member("server_ms", hello.serverMilliseconds, decimals: 3)
        json.member("resume", hello.resumeToken)
        json.member("resumed", hello.isResumed)
        if let source = hello.movedFrom { json.member("moved_from", source) }
        json.member("state", hello.schema == nil ? "json" as StaticString : "entities")
        if let schema = hello.schema {
            json.key("schema")
            json.raw(schema)
        }
        if hello.hasDeltas { json.member("deltas", true) }
        json.key("ack")
        if let acknowledgement = hello.acknowledgement {
            json.beginObject()
            acknowledgement.writeMembers(into: &json)
            json.endObject()
        } else {
            json.null()
        }
        if let number = hello.eventSequence { json.member("event_seq", number) }
        json.endObject()
    }
}
