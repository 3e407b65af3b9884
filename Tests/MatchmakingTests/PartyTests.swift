import PylonTime
import Testing

@testable import PylonMatchmaking

@Suite struct PartyTests {
    private func fixture(players: Int = 4) -> MatchmakerFixture {
        MatchmakerFixture([MatchQueue("duel", kind: "arena", players: players...players)]) { limits in
            limits.partyMembersMaximum = 3
            limits.partiesMaximum = 5
        }
    }

    @Test func aPartyIsMatchedTogether() throws {
        let fixture = fixture()
        let matchmaker = fixture.matchmaker
        let party = try matchmaker.createParty("ann")
        #expect(party.members == ["ann"])
        #expect(try matchmaker.joinParty("bob", code: party.code).members == ["ann", "bob"])
        #expect(try matchmaker.joinParty("bob", code: party.code).members == ["ann", "bob"])
        #expect(throws: MatchmakingError.notLeader) { try fixture.join("bob") }
        try fixture.join("ann")
        #expect(fixture.status("bob") == "queued")
        #expect(throws: MatchmakingError.partyBusy) { try matchmaker.joinParty("cec", code: party.code) }
        try fixture.join("dan")
        try fixture.join("eve")
        matchmaker.pass(0)
        let shard = try #require(fixture.shard(of: "bob"))
        #expect(["ann", "dan", "eve"].allSatisfy { fixture.shard(of: $0) == shard })
        #expect(fixture.shards.launched[0].tickets.map(\.players) == [["ann", "bob"], ["dan"], ["eve"]])
    }

    @Test func oneMembersCancellationIsThatOfAll() throws {
        let fixture = fixture(players: 2)
        let party = try fixture.matchmaker.createParty("ann")
        _ = try fixture.matchmaker.joinParty("bob", code: party.code)
        try fixture.join("ann")
        #expect(fixture.matchmaker.cancel("bob") == .cancelled)
        #expect(fixture.reason("bob") == .cancelled && fixture.reason("ann") == .partyCancelled)
        try fixture.join("ann")
        fixture.matchmaker.pass(0)
        _ = try fixture.matchmaker.acknowledge("ann")
        fixture.clock.advance(by: .seconds(11))
        fixture.matchmaker.sweep()
        #expect(fixture.reason("ann") == .expired, "they play together or not at all")
        #expect(fixture.reason("bob") == .expired && fixture.shards.running.isEmpty)
    }

    @Test func leavingEndsWhatThePartyWaitsFor() throws {
        let fixture = fixture()
        let matchmaker = fixture.matchmaker
        let party = try matchmaker.createParty("ann")
        for name in ["bob", "cec"] { _ = try matchmaker.joinParty(name, code: party.code) }
        #expect(throws: MatchmakingError.partyFull(maximum: 3)) { try matchmaker.joinParty("dan", code: party.code) }
        try fixture.join("ann")
        try matchmaker.leaveParty("bob")
        #expect(fixture.reason("ann") == .partyChanged && fixture.reason("cec") == .partyChanged)
        #expect(throws: MatchmakingError.notLeader) { try matchmaker.leaveParty("cec", member: "ann") }
        #expect(throws: MatchmakingError.notInParty) { try matchmaker.leaveParty("ann", member: "bob") }
        try matchmaker.leaveParty("ann")
        #expect(matchmaker.party(of: "cec")?.leader == "cec", "the next in line leads")
        _ = try matchmaker.joinParty("ann", code: party.code)
        try matchmaker.leaveParty("cec", member: "ann")
        #expect(matchmaker.party(of: "ann") == nil)
        try matchmaker.leaveParty("cec")
        #expect(throws: MatchmakingError.notInParty) { try matchmaker.leaveParty("cec") }
        #expect(throws: MatchmakingError.partyUnknown) { try matchmaker.joinParty("ann", code: party.code) }
        #expect(matchmaker.partyCount == 0)
    }

    @Test func joiningAPartyEndsWhatThePlayerWaitedFor() throws {
        let fixture = fixture()
        let party = try fixture.matchmaker.createParty("ann")
        try fixture.join("bob")
        _ = try fixture.matchmaker.joinParty("bob", code: party.code)
        #expect(fixture.reason("bob") == .partyChanged && fixture.matchmaker.queuedCounts == [0])
    }

    @Test func partiesAreBoundedAndEndWhenNobodyUsesThem() throws {
        let fixture = fixture()
        for number in 0..<5 { _ = try fixture.matchmaker.createParty("p\(number)") }
        #expect(throws: MatchmakingError.tooManyParties(maximum: 5)) { try fixture.matchmaker.createParty("ann") }
        fixture.clock.advance(by: .seconds(3000))
        #expect(fixture.matchmaker.party(of: "p0") != nil)
        fixture.clock.advance(by: .seconds(601))
        fixture.matchmaker.sweep()
        #expect(fixture.matchmaker.partyCount == 1)
    }

    @Test func aQueueSaysHowLargeAPartyMayBe() throws {
        let fixture = fixture(players: 2)
        let party = try fixture.matchmaker.createParty("ann")
        for name in ["bob", "cec"] { _ = try fixture.matchmaker.joinParty(name, code: party.code) }
        #expect(throws: MatchmakingError.partyTooLarge(maximum: 2)) { try fixture.join("ann") }
    }
}
