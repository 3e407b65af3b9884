import PylonJSON
import PylonTelemetry
import PylonTime
import Testing

@testable import PylonMatchmaking

/// spec/realtime.md 2.9.
@Suite struct MatchmakerTests {
    private func json(_ status: PlayerStatus) throws -> JSONValue {
        var json = JSONWriter()
        json.beginObject()
        status.writeMembers(to: &json)
        json.endObject()
        return try JSONParser.parse(json.text)
    }

    // MARK: Joining

    @Test func aStatusHasTheReferencesShape() throws {
        let fixture = MatchmakerFixture()
        #expect(try json(fixture.matchmaker.status(of: "ann")) == ["status": "idle"])
        try fixture.join("bob", mode: "other")
        try fixture.join("ann")
        fixture.clock.advance(by: .milliseconds(3900))
        let queued = try json(fixture.matchmaker.status(of: "ann"))
        #expect(queued["status"] == "queued" && queued["position"] == 1 && queued["waiting_secs"] == 3)
        try fixture.join("cec")
        fixture.matchmaker.pass(0)
        let matched = try json(fixture.matchmaker.status(of: "ann"))
        #expect(matched["status"] == "matched")
        // 1,700,000,003 seconds.
        #expect(matched["shard_id"] == "match_6553f103_1")
        #expect(fixture.shard(of: "cec") == "match_6553f103_1")
        #expect(fixture.shards.running == ["match_6553f103_1"])
        #expect(fixture.status("bob") == "queued", "of another mode")
    }

    @Test func joiningAgainReplacesTheEarlierEntry() throws {
        let fixture = MatchmakerFixture()
        try fixture.join("ann")
        try fixture.join("bob", mode: "b")
        try fixture.join("ann", mode: "b")
        #expect(fixture.matchmaker.queuedCounts == [2])
        guard case .queued(let waiting) = fixture.matchmaker.status(of: "ann") else { return #expect(Bool(false)) }
        #expect(waiting.position == 1 && waiting.mode == "b")
        fixture.matchmaker.pass(0)
        #expect(fixture.shard(of: "ann") != nil && fixture.shard(of: "ann") == fixture.shard(of: "bob"))
    }

    @Test func positionsCountThoseBefore() throws {
        let fixture = MatchmakerFixture()
        for number in 0..<300 { try fixture.join("p\(number)", mode: "m\(number)") }
        for number in stride(from: 0, to: 300, by: 3) {
            #expect(fixture.matchmaker.cancel("p\(number)") == .cancelled)
        }
        for number in 0..<200 where number % 3 == 1 { #expect(fixture.matchmaker.cancel("p\(number)") == .cancelled) }
        var expected = 0
        for number in 0..<300 {
            guard case .queued(let waiting) = fixture.matchmaker.status(of: "p\(number)") else { continue }
            #expect(waiting.position == expected)
            expected += 1
        }
        #expect(expected == fixture.matchmaker.queuedCounts[0])
    }

    @Test func queuesAreBounded() throws {
        let fixture = MatchmakerFixture { $0.playersMaximum = 2 }
        try fixture.join("ann", mode: "a")
        try fixture.join("bob", mode: "b")
        #expect(throws: MatchmakingError.full(maximum: 2)) { try fixture.join("cec") }
        // Whoever is in may change.
        try fixture.join("bob", mode: "a")
        #expect(throws: MatchmakingError.queueUnknown(known: ["duel"])) { try fixture.join("ann", "chess") }
        #expect(fixture.status("ann") == "queued", "what is refused changes nothing")
        #expect(fixture.matchmaker.counters.refused.value == 2)
    }

    @Test func whoWaitsTooLongLeaves() throws {
        let fixture = MatchmakerFixture()
        try fixture.join("ann")
        fixture.clock.advance(by: .seconds(30))
        try fixture.join("bob", mode: "b")
        fixture.clock.advance(by: .seconds(30))
        fixture.matchmaker.pass(0)
        #expect(fixture.reason("ann") == .timedOut)
        #expect(fixture.status("bob") == "queued")
        #expect(fixture.matchmaker.counters.timedOut.value == 1)
        fixture.clock.advance(by: .seconds(61))
        fixture.matchmaker.sweep()
        #expect(fixture.reason("ann") == nil, "why is remembered for a minute")
    }

    // MARK: Acknowledging

    @Test func whoAcknowledgesGetsThePlaceToPlayAt() throws {
        var queue = MatchQueue("duel", kind: "arena", players: 2...2)
        queue.config = ["private": true]
        let fixture = MatchmakerFixture([queue])
        try fixture.join("ann")
        #expect(throws: MatchmakingError.notMatched) { try fixture.matchmaker.acknowledge("ann") }
        try fixture.join("bob")
        fixture.matchmaker.pass(0)
        let assignment = try fixture.matchmaker.acknowledge("ann")
        #expect(assignment.player == "ann" && assignment.shardID == fixture.shard(of: "bob"))
        #expect(assignment.assignedAtSeconds == 1_700_000_000)
        #expect(assignment.code == fixture.shards.launched[0].codes["ann"] && assignment.code != nil)
        #expect(try fixture.matchmaker.acknowledge("ann") == assignment, "an answer that was lost is given again")
        #expect(fixture.reason("ann") == .acknowledged)
        #expect(try fixture.matchmaker.acknowledge("bob").code != assignment.code)
        #expect(fixture.matchmaker.openMatchCount == 0 && fixture.matchmaker.playerCount == 0)
        #expect(try fixture.matchmaker.acknowledge("ann") == assignment, "also when all have")
        #expect(fixture.changedNames() == ["ann", "bob", "ann", "bob", "ann", "bob"], "joined, matched, acknowledged")
        #expect(fixture.matchmaker.counters.acknowledged.value == 2)
        fixture.clock.advance(by: .seconds(61))
        fixture.matchmaker.sweep()
        #expect(throws: MatchmakingError.notMatched) { try fixture.matchmaker.acknowledge("ann") }
        #expect(fixture.shards.running.count == 1)
    }

    /// Defect 46: in the reference assignments never expire.
    @Test func defect46AnAssignmentExpiresAndTheOthersWaitOn() throws {
        let fixture = MatchmakerFixture()
        try fixture.join("ann")
        fixture.clock.advance(by: .seconds(5))
        try fixture.join("bob")
        fixture.matchmaker.pass(0)
        _ = try fixture.matchmaker.acknowledge("ann")
        _ = fixture.changedNames()
        fixture.clock.advance(by: .seconds(10))
        #expect(throws: MatchmakingError.notMatched) { try fixture.matchmaker.acknowledge("bob") }
        fixture.matchmaker.sweep()
        #expect(fixture.reason("bob") == .expired)
        #expect(Set(fixture.changedNames()) == ["ann", "bob"])
        guard case .queued(let waiting) = fixture.matchmaker.status(of: "ann") else { return #expect(Bool(false)) }
        #expect(waiting.isReturned && waiting.seconds == 15, "ann has waited since she joined")
        #expect(fixture.shards.running.isEmpty, "the match is dissolved")
        // She is not thrown out for having waited: it was not her fault.
        fixture.clock.advance(by: .seconds(50))
        try fixture.join("cec")
        fixture.matchmaker.pass(0)
        #expect(fixture.shard(of: "ann") != nil && fixture.shard(of: "ann") == fixture.shard(of: "cec"))
        #expect(fixture.matchmaker.counters.expired.value == 1 && fixture.matchmaker.counters.dissolved.value == 1)
    }

    @Test func aMatchMayGoOnWithoutThoseWhoDoNotCome() throws {
        var queue = MatchQueue("zone", kind: "arena", players: 2...3)
        queue.vacancies = .refill
        let fixture = MatchmakerFixture([queue])
        for name in ["ann", "bob", "cec"] { try fixture.join(name, "zone", rating: 1000) }
        fixture.matchmaker.pass(0)
        let shard = try #require(fixture.shard(of: "ann"))
        _ = try fixture.matchmaker.acknowledge("ann")
        #expect(fixture.matchmaker.cancel("bob") == .cancelled)
        #expect(fixture.shards.revoked == ["bob"])
        try fixture.join("dan", "zone")
        fixture.matchmaker.pass(0)
        #expect(fixture.shard(of: "dan") == shard, "the free place goes to who waits")
        fixture.clock.advance(by: .seconds(10))
        fixture.matchmaker.sweep()
        #expect(fixture.reason("cec") == .expired && fixture.reason("dan") == .expired)
        #expect(fixture.reason("ann") == .acknowledged)
        #expect(fixture.shards.running == [shard] && fixture.matchmaker.openMatchCount == 0)
        #expect(fixture.matchmaker.runningCount == 1)
    }

    @Test func whoeverLeavesARunningMatchMakesRoom() throws {
        var queue = MatchQueue("zone", kind: "arena", players: 2...2)
        queue.vacancies = .refill
        let fixture = MatchmakerFixture([queue])
        try fixture.join("ann", "zone")
        try fixture.join("bob", "zone")
        fixture.matchmaker.pass(0)
        for name in ["ann", "bob"] {
            let assignment = try fixture.matchmaker.acknowledge(name)
            fixture.shards.connect(name, to: assignment.shardID)
        }
        let shard = try #require(fixture.shards.running.first)
        try fixture.join("cec", "zone")
        fixture.matchmaker.pass(0)
        #expect(fixture.status("cec") == "queued")
        fixture.shards.disconnect("bob", from: shard)
        fixture.matchmaker.pass(0)
        #expect(fixture.status("cec") == "queued", "bob may be on his way still")
        fixture.clock.advance(by: .seconds(31))
        fixture.matchmaker.pass(0)
        #expect(fixture.shard(of: "cec") == shard)
        #expect(fixture.shards.admitted.count == 1 && fixture.matchmaker.counters.fills.value == 1)
        fixture.shards.end(shard)
        try fixture.join("dan", "zone")
        fixture.matchmaker.pass(0)
        #expect(fixture.matchmaker.runningCount == 0 && fixture.status("dan") == "queued")
    }

    @Test func aMatchThatNobodyComesToIsGivenUp() throws {
        var queue = MatchQueue("zone", kind: "arena", players: 2...2)
        queue.vacancies = .refill
        let fixture = MatchmakerFixture([queue])
        try fixture.join("ann", "zone")
        try fixture.join("bob", "zone")
        fixture.matchmaker.pass(0)
        _ = fixture.matchmaker.cancel("ann")
        _ = fixture.matchmaker.cancel("bob")
        #expect(fixture.shards.running.isEmpty && fixture.matchmaker.runningCount == 0)
    }

    // MARK: Cancelling

    @Test func whoCancelsIsInNoMatch() throws {
        let fixture = MatchmakerFixture()
        try fixture.join("ann")
        #expect(fixture.matchmaker.cancel("ann") == .cancelled)
        #expect(fixture.matchmaker.cancel("ann") == .notQueued)
        try fixture.join("bob")
        fixture.matchmaker.pass(0)
        #expect(fixture.reason("ann") == .cancelled && fixture.status("bob") == "queued")
        try fixture.join("cec")
        fixture.matchmaker.pass(0)
        #expect(fixture.matchmaker.cancel("cec") == .cancelled, "until the acknowledgement")
        #expect(fixture.status("bob") == "queued" && fixture.shards.running.isEmpty)
        try fixture.join("cec")
        fixture.matchmaker.pass(0)
        _ = try fixture.matchmaker.acknowledge("bob")
        #expect(fixture.matchmaker.cancel("bob") == .acknowledged)
    }

    /// In the reference a player who dequeues during a pass can still be matched.
    @Test func whoCancelsWhileTheShardIsMadeIsInNoMatch() throws {
        let fixture = MatchmakerFixture()
        try fixture.join("ann")
        try fixture.join("bob")
        let matchmaker = fixture.matchmaker
        fixture.shards.setHook { _ in _ = matchmaker.cancel("ann") }
        fixture.matchmaker.pass(0)
        #expect(fixture.reason("ann") == .cancelled && fixture.status("bob") == "queued")
        #expect(fixture.shards.running.isEmpty && fixture.matchmaker.counters.raced.value == 1)
        #expect(fixture.matchmaker.openMatchCount == 0)
    }

    @Test func whoJoinsAnewWhileTheShardIsMadeIsInTheNewQueueOnly() throws {
        let fixture = MatchmakerFixture()
        try fixture.join("ann")
        try fixture.join("bob")
        let matchmaker = fixture.matchmaker
        fixture.shards.setHook { _ in
            var criteria = MatchCriteria()
            criteria.mode = "other"
            try? matchmaker.join("ann", queue: "duel", criteria)
        }
        fixture.matchmaker.pass(0)
        guard case .queued(let waiting) = fixture.matchmaker.status(of: "ann") else { return #expect(Bool(false)) }
        #expect(waiting.mode == "other")
        #expect(fixture.status("bob") == "queued" && fixture.shards.running.isEmpty)
    }

    @Test func whenNoShardCanBeMadeAllWaitOn() throws {
        let fixture = MatchmakerFixture()
        fixture.shards.refuse(true)
        for name in ["ann", "bob", "cec", "dan"] { try fixture.join(name) }
        fixture.matchmaker.pass(0)
        #expect(fixture.matchmaker.queuedCounts == [4] && fixture.matchmaker.counters.launchesFailed.value == 1)
        fixture.shards.refuse(false)
        fixture.matchmaker.pass(0)
        #expect(fixture.matchmaker.queuedCounts == [0] && fixture.shards.running.count == 2)
    }

    // MARK: Match functions

    private struct ScriptedMatch: MatchFunction {
        struct Failure: Error {}

        let proposals: [MatchProposal]?

        func match(_ pool: MatchPool) throws -> [MatchProposal] {
            guard let proposals else { throw Failure() }
            return proposals
        }
    }

    @Test(arguments: [
        nil, [MatchProposal([0, 0])], [MatchProposal([0, 4])], [MatchProposal([0, 1]), MatchProposal([1, 2])],
        [MatchProposal([0])], [MatchProposal([0, 1, 2])], [MatchProposal([])], [MatchProposal([0, 1], opening: 0)],
        [MatchProposal([0, 1], region: 0)], [MatchProposal([-1, 1])], [MatchProposal([0, 3])],
    ])
    func aBadProposalIsCountedAndChangesNothing(proposals: [MatchProposal]?) throws {
        let match = ScriptedMatch(proposals: proposals)
        let fixture = MatchmakerFixture([MatchQueue("duel", kind: "arena", players: 2...2, match: match)])
        for name in ["ann", "bob", "cec"] { try fixture.join(name) }
        try fixture.join("dan", mode: "other")
        fixture.matchmaker.pass(0)
        #expect(fixture.matchmaker.counters.passesFailed.value == 1)
        #expect(fixture.matchmaker.queuedCounts == [4] && fixture.shards.launched.isEmpty)
    }

    @Test func whatAPassMayNotMakeComesWithTheNext() throws {
        let fixture = MatchmakerFixture { $0.matchesPerPassMaximum = 2 }
        for number in 0..<10 { try fixture.join("p\(number)") }
        #expect(fixture.matchmaker.pass(0).matches == 2)
        #expect((0..<4).allSatisfy { fixture.shard(of: "p\($0)") != nil }, "the longest waiting first")
        #expect(fixture.matchmaker.pass(0).matches == 2)
        #expect(fixture.matchmaker.counters.overtakes.value == 0)
    }
}
