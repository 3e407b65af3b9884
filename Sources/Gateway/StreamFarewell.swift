internal import PylonBytes
package import PylonEventLoop
package import PylonFanout
internal import PylonJSON
package import PylonStreamProtocol
internal import PylonTime

/// The `bye` that ends a stream v2, with the time after which to come back.
package enum StreamFarewell {
    /// Whoever was disconnected by a shutdown comes back within 10 s, spread evenly, and not before 1 s: the next process has to start.
    static let goingAway = 1000...10_000
    /// A shard that is full is asked again after 5 to 10 s.
    static let full = 5000...10_000
    /// A client that was too slow drains what it has first.
    static let tooSlow = 1000...2000

    /// Whoever has moved is awaited there.
    static let moved = 0...100

    /// Where the loop's herds are spread; not a secret.
    private final class Spread {
        var generator = SeededGenerator(seed: .random(in: .min ... .max))
    }

    private static let spreads = LoopLocal { Spread() }

    /// The message for a stream that ends. On `loop`'s thread.
    package static func bye(for ending: StreamEnding, on loop: EventLoop) -> ServerMessage.Bye {
        let (code, delay): (StreamByeCode, ClosedRange<Int>?) =
            switch ending {
            case .finished: (.finished, nil)
            case .stopped: (.stopped, nil)
            case .goingAway: (.goingAway, goingAway)
            case .tooSlow: (.tooSlow, tooSlow)
            case .replaced: (.replaced, nil)
            case .moved: (.moved, moved)
            }
        let target: String? = if case .moved(let shard) = ending { shard } else { nil }
        return bye(code, reason: ending.reason, after: delay, shard: target, on: loop)
    }

    /// The message for a subscriber who is not taken, or who broke a rule. On `loop`'s thread.
    package static func bye(
        refusing code: StreamByeCode, reason: String, oldestSequence: UInt64? = nil, on loop: EventLoop
    ) -> ServerMessage.Bye {
        bye(code, reason: reason, after: code == .full ? full : nil, oldestSequence: oldestSequence, on: loop)
    }

    private static func bye(
        _ code: StreamByeCode, reason: String, after delay: ClosedRange<Int>?, oldestSequence: UInt64? = nil,
        shard: String? = nil, on loop: EventLoop
    ) -> ServerMessage.Bye {
        let spread = spreads.value(on: loop)
        return ServerMessage.Bye(
            code, reason: reason, retryAfterMilliseconds: delay.map { .random(in: $0, using: &spread.generator) },
            oldestSequence: oldestSequence, shard: shard)
    }
}

extension ServerMessage.Bye {
    /// The message's JSON.
    package var json: [UInt8] {
        var json = JSONWriter(capacity: 128)
        ServerMessage.write(self, into: &json)
        return json.finish().copyBytes()
    }
}
