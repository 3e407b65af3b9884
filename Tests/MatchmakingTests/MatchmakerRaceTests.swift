import PylonBytes
import PylonTelemetry
import PylonTestSupport
import PylonThreading
import PylonTime
import Testing

@testable import PylonMatchmaking

/// Many players who join, cancel, acknowledge and let things expire at random: nobody is ever in two matches, nobody who has cancelled
/// in any.
@Suite struct MatchmakerRaceTests {
    private static let queues: [MatchQueue] = {
        let duel = MatchQueue("duel", kind: "arena", players: 2...2)
        var zone = MatchQueue("zone", kind: "arena", players: 2...4, match: RatedMatch())
        zone.vacancies = .refill
        return [duel, zone]
    }()

    /// What must hold between any two calls.
    private func check(_ fixture: MatchmakerFixture) {
        fixture.matchmaker.state.withLock { state in
            var places: [ExactText: UInt64] = [:]
            for queue in state.queues.indices {
                let list = state.queues[queue].tickets
                for (ticket, ticketState) in zip(list.tickets, list.states) where ticketState != .gone {
                    for player in ticket.players {
                        #expect(places.updateValue(ticket.number, forKey: ExactText(player)) == nil, "in two tickets")
                        #expect(state.players[ExactText(player)]?.ticket == ticket.number)
                    }
                }
                #expect(list.queuedCount == list.states.count { $0 == .queued })
            }
            #expect(places.count == state.players.count)
            var matched: Set<ExactText> = []
            for match in state.matches.values {
                #expect(!match.tickets.isEmpty && !match.tickets.allSatisfy(match.hasConfirmed))
                for ticket in match.tickets {
                    #expect(state.queues[match.queue].tickets.holder(ticket.number) == match.plan.number)
                    for player in ticket.players {
                        #expect(matched.insert(ExactText(player)).inserted, "in two matches")
                    }
                }
            }
            for match in state.running.matches.values {
                #expect(match.seats.count <= state.queues[match.queue].definition.players.upperBound)
            }
        }
    }

    /// One player after the other, in an order that the seed decides; also in the midst of making a match.
    @Test func oneAfterTheOther() throws {
        let fixture = MatchmakerFixture(Self.queues)
        let players = Players(fixture, (0..<40).map { "p\($0)" }, seed: testSeed())
        fixture.shards.setHook { _ in for _ in 0..<3 { players.act() } }
        for round in 0..<4000 {
            players.act()
            if round % 7 == 0 { fixture.matchmaker.pass(round % 2) }
            if round % 3 == 0 { fixture.clock.advance(by: .milliseconds(900)) }
            if round % 13 == 0 { fixture.matchmaker.sweep() }
            if round % 20 == 0 { check(fixture) }
        }
        let counters = fixture.matchmaker.counters
        #expect(counters.raced.value > 0 && counters.dissolved.value > 0 && counters.expired.value > 0)
        #expect(counters.acknowledged.value > 100 && counters.fills.value > 0)
    }

    /// All at once, each thread with players of its own, while passes and sweeps go on.
    @Test func allAtOnce() throws {
        let fixture = MatchmakerFixture(Self.queues)
        let seed = testSeed()
        let done = Lock(0)
        let threads = (0..<4).map { number in
            Thread.spawn(name: "players-\(number)") {
                let players = Players(fixture, (0..<25).map { "p\(number)_\($0)" }, seed: seed &+ UInt64(number))
                for _ in 0..<5000 { players.act() }
                done.withLock { $0 += 1 }
            }
        }
        var round = 0
        while done.withLock({ $0 }) < threads.count {
            fixture.matchmaker.pass(round % 2)
            fixture.clock.advance(by: .milliseconds(300))
            fixture.matchmaker.sweep()
            check(fixture)
            round += 1
        }
        threads.forEach { $0.join() }
        check(fixture)
        #expect(fixture.matchmaker.counters.acknowledged.value > 100)
        fixture.clock.advance(by: .seconds(11))
        fixture.matchmaker.sweep()
        #expect(fixture.matchmaker.openMatchCount == 0)
    }
}

/// Players who do what comes to their mind, and know what must be true of them afterwards.
private final class Players: Sendable {
    private let fixture: MatchmakerFixture
    private let names: [String]
    private let generator: Lock<SeededGenerator>

    init(_ fixture: MatchmakerFixture, _ names: [String], seed: UInt64) {
        self.fixture = fixture
        self.names = names
        generator = Lock(SeededGenerator(seed: seed))
    }

    /// One of them does something.
    func act() {
        let (name, choice, rating) = generator.withLock { generator in
            (
                names[Int.random(in: names.indices, using: &generator)],
                Int.random(in: 0..<10, using: &generator), Double.random(in: 0...400, using: &generator)
            )
        }
        switch choice {
        case 0..<3: join(name, choice == 0 ? "duel" : "zone", rating)
        case 3: cancel(name)
        default: acknowledge(name)
        }
    }

    private func join(_ name: String, _ queue: String, _ rating: Double) {
        #expect(throws: Never.self) { try fixture.join(name, queue, rating: rating) }
    }

    private func cancel(_ name: String) {
        guard fixture.matchmaker.cancel(name) == .cancelled else { return }
        #expect(fixture.status(name) == "idle", "nobody else acts for this player")
        #expect(throws: MatchmakingError.notMatched) { try fixture.matchmaker.acknowledge(name) }
    }

    private func acknowledge(_ name: String) {
        let before = fixture.shard(of: name)
        guard let assignment = try? fixture.matchmaker.acknowledge(name) else { return }
        if let before { #expect(assignment.shardID == before) }
    }
}
