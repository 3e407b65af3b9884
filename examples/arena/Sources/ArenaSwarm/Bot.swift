internal import Glibc
internal import Pylon

/// A player without a face: joins as a guest, chases the nearest wanderer, keeps clear of hunters, shoots.
final class Bot {
    let connection: WebSocketConnection
    private let sid: String
    private var random: SeededGenerator
    private var sequence = 0
    private var number: Int?
    private var hunters = 0..<0
    private(set) var frames = 0
    /// Ticks that never came, by the numbers of those that did.
    private(set) var ticksMissed: UInt64 = 0
    private var tickLast: UInt64?
    private var roaming = 0.0

    /// Frames between two decisions: four a second at 20 Hz, quick enough to be a nuisance.
    private static let framesPerThought = 5
    private static let range = 430.0

    /// Signs in and connects; blocks until both are done.
    init(at server: Endpoint, shard: String, seed: UInt64) throws(ClientError) {
        let answer = try HTTPExchange.request("POST", "/api/auth/guest", at: server)
        guard let json = try? JSONParser.parse(answer), let token = json["token"]?.string,
            let userID = json["user_id"]?.string
        else { throw .malformed("sign-in answer") }
        sid = userID
        random = SeededGenerator(seed: seed)
        connection = try WebSocketConnection(
            to: server.offset(by: 3), path: "/?shard=\(shard)&sid=\(userID)", subprotocol: "bearer.\(token)")
    }

    /// Takes in what has arrived and acts on every few frames of it.
    func read() throws(ClientError) {
        try connection.receive(waiting: false) { (message) throws(ClientError) in
            guard message.count >= 8 else { throw .malformed("snapshot") }
            count(tick: message.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
            let isDue = frames % Self.framesPerThought == 0 || number == nil
            guard isDue, let snapshot = try? JSONParser.parse(Array(message.dropFirst(8))) else { return }
            try act(on: snapshot)
        }
    }

    private func count(tick: UInt64) {
        frames += 1
        if let tickLast, tick > tickLast + 1 { ticksMissed += tick - tickLast - 1 }
        tickLast = tick
    }

    private func act(on snapshot: JSONValue) throws(ClientError) {
        recogniseSelf(in: snapshot)
        let own = snapshot["players"]?.array?.first { $0[0]?.int == number && number != nil }
        guard let own, let x = own[1]?.double, let y = own[2]?.double else { return }
        let (prey, threat) = surroundings(of: (x, y), in: snapshot["wanderers"]?.array ?? [])
        roaming += random.unitInterval() - 0.5
        var way = (x: cos(roaming), y: sin(roaming))
        var wishes = "\"fire\":false"
        if let prey {
            let distance = max(1, prey.distance)
            way = (prey.dx / distance, prey.dy / distance)
            let jitter = (random.unitInterval() - 0.5) * 0.2
            let angle = atan2(prey.dy, prey.dx) + jitter
            wishes = "\"aim\":{\"angle\":\(angle)},\"fire\":\(prey.distance < Self.range)"
        }
        if let threat, threat.distance < 170 { way = (-threat.dx / threat.distance, -threat.dy / threat.distance) }
        sequence += 1
        try connection.send(
            text: "{\"input\":{\"move\":{\"x\":\(way.x),\"y\":\(way.y)},\(wishes)},\"client_seq\":\(sequence)}")
    }

    private func recogniseSelf(in snapshot: JSONValue) {
        if let kinds = snapshot["zone"]?["kinds"]?.array?.compactMap(\.int), kinds.count == 3 {
            hunters = kinds[0] + kinds[1]..<kinds[0] + kinds[1] + kinds[2]
        }
        guard let roster = snapshot["roster"]?.array else { return }
        number = roster.first { $0[1]?.string == sid }?[0]?.int
    }

    private struct Sight {
        let dx: Double
        let dy: Double
        let distance: Double
    }

    /// The nearest wanderer of all, and the nearest hunter.
    private func surroundings(of own: (x: Double, y: Double), in places: [JSONValue]) -> (Sight?, threat: Sight?) {
        var prey: Sight?
        var threat: Sight?
        for index in 0..<places.count / 2 {
            guard let x = places[2 * index].double, let y = places[2 * index + 1].double, x >= 0 else { continue }
            let (dx, dy) = (x - own.x, y - own.y)
            let sight = Sight(dx: dx, dy: dy, distance: max(1, (dx * dx + dy * dy).squareRoot()))
            if sight.distance < prey?.distance ?? .infinity { prey = sight }
            if hunters.contains(index), sight.distance < threat?.distance ?? .infinity { threat = sight }
        }
        return (prey, threat)
    }
}
