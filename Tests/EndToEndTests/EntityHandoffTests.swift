internal import Glibc
internal import PylonJSON
internal import PylonReplication
internal import PylonTestSupport
internal import PylonTime
internal import PylonWebSocket
internal import Testing

/// Streams of entities that follow their boat from world to world.
@Suite(.blocking) struct EntityHandoffTests {
    /// A passenger who applies what it is sent, of either kind of world, and acknowledges frames late: some go to the shard behind.
    private final class Passenger {
        /// How many frames an acknowledgement comes late.
        private static let lag = 3

        let socket: WebSocketClient
        private(set) var hello: JSONValue = .null
        private(set) var decoder: ReplicaDecoder?
        private(set) var acknowledged = 0
        private(set) var refused: Set<Int> = []
        /// What was rowed, as the newest state shows it; nil while the boat is not to be seen.
        private(set) var strokes: Int?
        private(set) var framesOnThisStream = 0
        private(set) var keyframesOnThisStream = 0
        private var owed: [UInt64] = []

        init(_ server: ServerHarness, _ query: String) throws {
            socket = try WebSocketClient(
                port: server.shardPort, "/?\(query)", token: ServerHarness.adminToken, subprotocols: ["pylon.v2"],
                offersDeflate: true)
        }

        /// Takes one message.
        func take() throws {
            switch try socket.next() {
            case .text(let text): try take(try JSONParser.parse(text))
            case .binary(let bytes) where bytes.first == 2:
                try #require(decoder == nil, "a snapshot among entities")
                let state = try JSONParser.parse(String(decoding: bytes[9...], as: UTF8.self))
                framesOnThisStream += 1
                strokes = state["strokes"]?["ann"]?.int
            case .binary(let bytes): try take(frame: bytes)
            case .ping, .pong: break
            case let other: throw ProcessError.unexpected("\(other)")
            }
        }

        private func take(_ message: JSONValue) throws {
            switch message["type"]?.string {
            case "hello":
                hello = message
                strokes = nil
                framesOnThisStream = 0
                keyframesOnThisStream = 0
                acknowledged = max(acknowledged, message["ack"]?["client_seq"]?.int ?? 0)
                decoder = try message["schema"].map { ReplicaDecoder(schema: try ComponentSchema(json: $0)) }
            case "ack": acknowledged = max(acknowledged, message["client_seq"]?.int ?? 0)
            case "error":
                #expect(message["code"]?.string == "MOVED", "\(message)")
                refused.insert(message["client_seq"]?.int ?? 0)
            default: throw ProcessError.unexpected("\(message)")
            }
        }

        private func take(frame message: [UInt8]) throws {
            let decoder = try #require(decoder, "entities among snapshots")
            try #require(message.first == 3)
            var rest = message.dropFirst()
            func number() -> UInt64 {
                var (value, shift) = (0 as UInt64, 0 as UInt64)
                while let byte = rest.popFirst() {
                    value |= UInt64(byte & 0x7F) << shift
                    shift += 7
                    if byte < 0x80 { break }
                }
                return value
            }
            let (tick, baseAge, newest) = (number(), number(), number())
            let outcome = try decoder.apply(tick: Tick(tick), baseAge: baseAge, body: Array(rest))
            #expect(outcome == .applied, "tick \(tick) on a base \(baseAge) before it")
            framesOnThisStream += 1
            if baseAge == 0 { keyframesOnThisStream += 1 }
            acknowledged = max(acknowledged, Int(newest) - 1)
            let own = (0..<decoder.count).map { decoder[$0] }.first { $0.isOwned }
            strokes = nil
            if case .integer(let value) = own?.value(1) { strokes = Int(value) }
            owed.append(tick)
            while owed.count > Self.lag { try acknowledge(owed.removeFirst()) }
        }

        private func acknowledge(_ tick: UInt64) throws {
            var message: [UInt8] = [4]
            var left = tick
            while left >= 0x80 {
                message.append(UInt8(truncatingIfNeeded: left) | 0x80)
                left >>= 7
            }
            try socket.send(.binary, message + [UInt8(left)])
        }

        func send(_ input: String, _ number: Int) throws {
            try socket.send(text: #"{"input":\#(input),"client_seq":\#(number)}"#)
        }
    }

    /// Sails up and down `route` with inputs all the way, and checks that each stroke counts once or was refused.
    private func sail(_ passenger: Passenger, along route: [(shard: String, state: String)], rounds: Int) throws {
        var number = 0
        var strokes = 0
        while passenger.strokes == nil { try passenger.take() }
        for round in 1...rounds {
            let (source, target) = (route[(round - 1) % route.count], route[round % route.count])
            #expect(passenger.hello["shard"]?.string == source.shard)
            number += 1
            try passenger.send(#"{"sail":"\#(target.shard)"}"#, number)
            let first = number + 1
            // These come while the boat leaves, is on its way, or has arrived.
            while passenger.hello["shard"]?.string != target.shard {
                number += 1
                try passenger.send(#"{"row":1}"#, number)
                try passenger.take()
            }
            #expect(passenger.hello["moved_from"]?.string == source.shard)
            #expect(passenger.hello["state"]?.string == target.state)
            #expect(passenger.hello["resumed"]?.bool == true)
            // Something that changes, for frames to come.
            while passenger.framesOnThisStream < 10 {
                number += 1
                try passenger.send(#"{"row":1}"#, number)
                try passenger.take()
            }
            let last = number
            while passenger.acknowledged < last { try passenger.take() }
            strokes += (first...last).count { !passenger.refused.contains($0) }
            while passenger.strokes != strokes {
                try #require(passenger.strokes ?? 0 < strokes, "round \(round)")
                try passenger.take()
            }
            if target.state == "entities" {
                // The first leads from nothing, and soon others lead from what has been acknowledged.
                #expect((1..<10).contains(passenger.keyframesOnThisStream), "round \(round)")
            }
        }
        #expect(!passenger.refused.isEmpty)
    }

    @Test func aStreamOfEntitiesFollowsItsBoatThereAndBack() throws {
        let server = try ServerHarness()
        // Made together, their ticks are close: late acknowledgements name ticks that both have.
        try server.createShard("a", "fleet", #"{"boats":3,"passenger":"ann","tick_rate_hz":50}"#)
        try server.createShard("b", "fleet", #"{"boats":2,"first":10,"tick_rate_hz":50}"#)
        let passenger = try Passenger(server, "shard=a&sid=ann")
        try sail(passenger, along: [("a", "entities"), ("b", "entities")], rounds: 6)
        #expect(try server.metric("pylon_streams_moved_total") == 6)
        #expect(server.stop() == 0)
    }

    @Test func worldsOfJSONAndOfEntitiesHandToEachOther() throws {
        let server = try ServerHarness()
        try server.createShard("a", "ferry", #"{"boats":3,"passenger":"ann","tick_rate_hz":50}"#)
        try server.createShard("b", "fleet", #"{"boats":2,"first":10,"tick_rate_hz":50}"#)
        let passenger = try Passenger(server, "shard=a&sid=ann")
        try sail(passenger, along: [("a", "json"), ("b", "entities")], rounds: 6)
        #expect(server.stop() == 0)
    }

    /// Debian's, which `scripts/test` installs.
    private static let node = "/usr/bin/node"

    @Test(.enabled(if: access(node, X_OK) == 0), arguments: [("fleet", "fleet"), ("ferry", "fleet")])
    func theJavaScriptClientFollowsItsBoat(kinds: (String, String)) throws {
        let server = try ServerHarness()
        try server.createShard("a", kinds.0, #"{"boats":3,"passenger":"ann","tick_rate_hz":50}"#)
        try server.createShard("b", kinds.1, #"{"boats":2,"first":10,"tick_rate_hz":50}"#)
        let script = "\(#filePath)".split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" }
        let client = try ChildProcess(
            Self.node,
            [
                "--experimental-websocket", "--no-warnings", script + "/WebClientTests/sailing.mjs",
                "http://127.0.0.1:\(server.port)", ServerHarness.adminToken,
            ])
        #expect(client.waitForExit(within: TestSocket.patience) == 0, "\(client.errors)")
        #expect(try server.metric("pylon_streams_moved_total") == 6)
        #expect(server.stop() == 0)
    }
}
