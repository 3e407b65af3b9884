internal import PylonBytes
internal import PylonReplication
internal import PylonSimulation
internal import PylonTime

/// A random zone, its replicator and clients behind bad lines, all from one seed: after every frame that a client applies, everything
/// it shows is what the server says it shows, and was true at the tick it is said to be of.
package struct ReplicaTrial {
    /// What happened.
    package struct Report: Sendable {
        package var ticks = 0
        package var framesSent = 0
        package var framesLost = 0
        package var framesDoubled = 0
        package var framesApplied = 0
        package var framesStale = 0
        package var framesWithoutBase = 0
        package var keyframesApplied = 0
        package var reconnects = 0
        package var entitiesCompared = 0
        package var entitiesStarved: UInt64 = 0
        package var hashesCompared = 0
        package var visibilityChecks = 0
        /// The oldest state shown of an entity that has changed since, in ticks.
        package var stalenessMaximum: UInt64 = 0

        package init() {}

        /// Adds what happened in another trial.
        package mutating func add(_ other: Report) {
            ticks += other.ticks
            framesSent += other.framesSent
            framesLost += other.framesLost
            framesDoubled += other.framesDoubled
            framesApplied += other.framesApplied
            framesStale += other.framesStale
            framesWithoutBase += other.framesWithoutBase
            keyframesApplied += other.keyframesApplied
            reconnects += other.reconnects
            entitiesCompared += other.entitiesCompared
            entitiesStarved += other.entitiesStarved
            hashesCompared += other.hashesCompared
            visibilityChecks += other.visibilityChecks
            stalenessMaximum = max(stalenessMaximum, other.stalenessMaximum)
        }
    }

    /// Something a client shows is wrong.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package private(set) var report = Report()
    private var world: TrialWorld
    private let replicator: Replicator
    private var clients: [TrialClient] = []
    private var tick: UInt64 = 0
    private let seed: UInt64
    private let limits: ReplicationLimits

    /// A trial that goes the same way for the same seed.
    package init(seed: UInt64, clients count: Int = 5, entities: Int = 72) {
        self.seed = seed
        world = TrialWorld(seed: seed, entitiesMaximum: entities)
        var limits = ReplicationLimits()
        limits.cellSize = [16, 40][world.roll(2)]
        limits.cellMargin = [0, 0.125, 0.5][world.roll(3)]
        limits.viewsInFlightMaximum = [4, 32][world.roll(2)]
        limits.cellsPerViewMaximum = [4, 4096][world.roll(2)]
        self.limits = limits
        replicator = Replicator(schema: world.table.schema, limits: limits, hashTicks: 2)
        for index in 0..<count {
            let id = SubscriberID("client\(index)")
            let interest = randomInterest()
            guard let handle = replicator.add(id, interest: interest, bytesPerFrame: randomBudget()) else { continue }
            clients.append(TrialClient(id: id, handle: handle, interest: interest, schema: world.table.schema))
        }
    }

    /// Runs so many ticks more; throws ``Failure`` at the first thing that is wrong.
    package mutating func run(ticks: Int) throws(Failure) {
        for _ in 0..<ticks { try step() }
        report.entitiesStarved = replicator.counters.entitiesStarved
    }

    private mutating func step() throws(Failure) {
        tick += 1
        report.ticks += 1
        world.step(tick, owners: clients.map(\.id))
        for client in clients { meddle(with: client) }
        for client in clients { listen(to: client) }
        if world.roll(4) != 0 { try publish() }
        for client in clients { try deliver(to: client) }
    }

    // MARK: The server

    private mutating func publish() throws(Failure) {
        var frames: [(Int, Replicator.Handle, TrialClient.Flight)] = []
        let fog = tick / 50
        let handles = clients.map(\.handle)
        replicator.encode(
            world.table, isVisible: { id, key in key == 0 || !Self.isFogged(id, key: key, fog: fog) },
            deliver: { handle, frame in
                // Some frames never leave: the line was full, or nothing was new.
                if world.roll(frame.isUnchanged ? 2 : 20) == 0 { return false }
                guard let index = handles.firstIndex(of: handle) else { return false }
                var body = [UInt8](frame.body.unsafeBytes)
                body.append(contentsOf: frame.owned)
                frames.append(
                    (
                        index, handle,
                        TrialClient.Flight(
                            arrival: 0, tick: tick, baseAge: frame.baseAge, body: body, view: [])
                    ))
                return true
            })
        for (index, handle, frame) in frames {
            report.framesSent += 1
            guard let view = replicator.newestView(handle), view.tick.number == tick else {
                throw failure("a frame was sent and not recorded", clients[index])
            }
            try check(view.entities, clients[index], fog: fog)
            send(frame, view.entities, to: clients[index])
        }
    }

    private static func isFogged(_ id: EntityID, key: UInt32, fog: UInt64) -> Bool {
        (UInt64(id.slot) &* 7 &+ UInt64(key) &+ fog) % 5 == 0
    }

    private mutating func send(
        _ frame: TrialClient.Flight, _ view: [(slot: UInt32, tick: Tick)], to client: TrialClient
    ) {
        let copies = world.roll(10) == 0 ? 0 : world.roll(15) == 0 ? 2 : 1
        if copies == 0 { report.framesLost += 1 }
        if copies == 2 { report.framesDoubled += 1 }
        for _ in 0..<copies {
            client.down.append(
                TrialClient.Flight(
                    arrival: tick + UInt64(world.roll(7)), tick: tick, baseAge: frame.baseAge, body: frame.body,
                    view: view))
        }
    }

    /// A view in which nothing is starved shows all that it should and nothing else.
    private mutating func check(
        _ view: [(slot: UInt32, tick: Tick)], _ client: TrialClient, fog: UInt64
    ) throws(Failure) {
        for entity in view where entity.tick.number < tick {
            report.stalenessMaximum = max(report.stalenessMaximum, tick - entity.tick.number)
        }
        guard view.allSatisfy({ $0.tick.number == tick }), replicator.isComplete(client.handle) else { return }
        report.visibilityChecks += 1
        let truths = world.truth(at: tick)
        var centre: Vector3?
        switch client.interest.centre {
        case .position(let position): centre = position
        case .entity(let id):
            if let truth = truths.indices.contains(Int(id.slot)) ? truths[Int(id.slot)] : nil, truth.id == id {
                centre = truth.position
            }
        }
        // A flat zone has no height to look from.
        if world.dimensions == 2 { centre?.z = 0 }
        // A point outside the zone looks from its border.
        if let outside = centre, !BoxArea(min: Vector3(-100, -100, -100), max: Vector3(300, 300, 300)).contains(outside)
        {
            centre = nil
        }
        let key = client.interest.viewKey
        let fault = client.visibilityFault(
            Set(view.map(\.slot)), truths, centre: centre, slack: limits.cellSize * (2 + 4 * limits.cellMargin),
            isFogged: { key != 0 && Self.isFogged($0, key: key, fog: fog) })
        if let fault { throw failure(fault, client) }
    }

    // MARK: The line and the client

    private mutating func deliver(to client: TrialClient) throws(Failure) {
        var waiting: [TrialClient.Flight] = []
        for flight in client.down {
            if flight.arrival > tick { waiting.append(flight) } else { try apply(flight, client) }
        }
        client.down = waiting
    }

    private mutating func apply(_ flight: TrialClient.Flight, _ client: TrialClient) throws(Failure) {
        let outcome: ReplicaDecoder.Outcome
        do {
            outcome = try client.decoder.apply(tick: Tick(flight.tick), baseAge: flight.baseAge, body: flight.body)
        } catch {
            throw failure("frame \(flight.tick) was refused: \(error)", client)
        }
        switch outcome {
        case .stale: report.framesStale += 1
        case .baseMissing:
            report.framesWithoutBase += 1
            if world.roll(3) == 0 { client.up.append((tick + UInt64(world.roll(4)), .keyframeRequest)) }
        case .applied:
            report.framesApplied += 1
            if flight.baseAge == 0 { report.keyframesApplied += 1 }
            report.entitiesCompared += flight.view.count
            if let difference = client.difference(from: flight, world) { throw failure(difference, client) }
            if let hash = replicator.takeHash(client.handle, of: Tick(flight.tick), from: world.table) {
                guard hash == client.decoder.viewHash else { throw failure("the hashes differ", client) }
                report.hashesCompared += 1
            }
            if tick >= client.silentUntil, world.roll(8) != 0 {
                client.up.append((tick + UInt64(world.roll(5)), .acknowledgement(Tick(flight.tick))))
            }
        }
    }

    private mutating func listen(to client: TrialClient) {
        var waiting: [(arrival: UInt64, message: TrialClient.Message)] = []
        for (arrival, message) in client.up {
            if arrival > tick {
                waiting.append((arrival, message))
                continue
            }
            switch message {
            case .acknowledgement(let tick): replicator.acknowledge(client.handle, tick)
            case .keyframeRequest: replicator.requestKeyframe(client.handle)
            }
        }
        client.up = waiting
    }

    /// What happens to a client from outside.
    private mutating func meddle(with client: TrialClient) {
        switch world.roll(500) {
        case 0: reconnect(client)
        case 1: client.silentUntil = tick + UInt64(world.roll(120))
        case 2: client.up.append((tick, .keyframeRequest))
        case 3...8:
            client.interest = randomInterest()
            replicator.setInterest(client.handle, client.interest)
        case 9...11: replicator.setBytesPerFrame(client.handle, randomBudget())
        case 60:
            // It forgets what it had and does not say so.
            client.startOver(schema: world.table.schema)
        case 12: replicator.acknowledge(client.handle, Tick(UInt64(world.roll(Int(tick)))))
        case 13...59:
            guard case .position(let position) = client.interest.centre else { return }
            client.interest.centre = .position(
                Vector3(position.x + Double(world.roll(17) - 8), position.y + Double(world.roll(17) - 8), position.z))
            replicator.setInterest(client.handle, client.interest)
        default: break
        }
    }

    private mutating func reconnect(_ client: TrialClient) {
        report.reconnects += 1
        client.down = []
        client.up = []
        replicator.remove(client.handle)
        if let handle = replicator.add(client.id, interest: client.interest, bytesPerFrame: randomBudget()) {
            client.handle = handle
        }
        // Half of them come back with what they had.
        if world.roll(2) == 0 { client.startOver(schema: world.table.schema) }
    }

    private mutating func randomBudget() -> Int? {
        world.roll(2) == 0 ? nil : 10 + world.roll(world.roll(2) == 0 ? 50 : 400)
    }

    private mutating func randomInterest() -> Interest {
        let reach = Double(world.roll(120))
        let shape: Interest.Shape
        switch world.roll(6) {
        case 0: shape = .everything
        case 1: shape = .box(halfExtents: Vector3(reach, Double(world.roll(120)), Double(world.roll(120))))
        case 2: shape = .grid(radiusCells: world.roll(4))
        default: shape = .sphere(radius: reach)
        }
        let centre: Interest.Centre
        if world.roll(2) == 0, !world.ids.isEmpty {
            centre = .entity(world.ids[world.roll(world.ids.count)])
        } else {
            centre = .position(
                Vector3(Double(world.roll(420) - 110), Double(world.roll(420) - 110), Double(world.roll(100) - 100)))
        }
        return Interest(
            centre: centre, shape: shape, teams: UInt32(world.roll(3) == 0 ? 15 : 1 + world.roll(15)),
            viewKey: UInt32(world.roll(3)))
    }

    private func failure(_ text: String, _ client: TrialClient) -> Failure {
        Failure(description: "seed \(seed), tick \(tick), \(client.id): \(text)")
    }
}
