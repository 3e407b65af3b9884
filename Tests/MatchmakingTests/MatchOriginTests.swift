import PylonBytes
import PylonTelemetry
import PylonTime
import Testing

@testable import PylonMatchmaking

/// Limits for those whose ids cost nothing.
@Suite struct MatchOriginTests {
    private let fixture: MatchmakerFixture
    private let matchmaker: Matchmaker

    init() {
        var members = MatchQueue("members", kind: "arena", players: 2...2)
        members.allowsGuests = false
        fixture = MatchmakerFixture([MatchQueue("duel", kind: "arena", players: 2...2), members]) {
            $0.playersPerAddressMaximum = 2
        }
        matchmaker = fixture.matchmaker
    }

    private func join(_ player: String, at address: String?, mode: String = "default") throws {
        var criteria = MatchCriteria()
        criteria.mode = mode
        let origin = MatchOrigin(isGuest: true, address: address.flatMap { IPAddress($0) })
        try matchmaker.join(player, queue: "duel", criteria, from: origin)
    }

    @Test func anAddressHasSoManyPlayersWaiting() throws {
        try join("a", at: "10.0.0.1", mode: "a")
        try join("b", at: "10.0.0.1", mode: "b")
        #expect(throws: MatchmakingError.fullForAddress(maximum: 2)) { try join("c", at: "10.0.0.1") }
        #expect(fixture.status("c") == "idle" && matchmaker.counters.refusedByAddress.value == 1)
        try join("b", at: "10.0.0.1", mode: "again")
        try join("c", at: "10.0.0.2", mode: "c")
        for name in ["d", "e", "f"] { try join(name, at: nil, mode: name) }
        // Whoever goes makes room.
        #expect(matchmaker.cancel("a") == .cancelled)
        try join("g", at: "10.0.0.1", mode: "g")
        #expect(throws: MatchmakingError.fullForAddress(maximum: 2)) { try join("h", at: "10.0.0.1") }
        fixture.clock.advance(by: .seconds(61))
        matchmaker.pass(0)
        try join("h", at: "10.0.0.1")
        try join("i", at: "10.0.0.1")
    }

    @Test func whoIsMatchedCountsUntilTheMatchIsSettled() throws {
        for name in ["a", "b"] { try join(name, at: "2001:db8::\(name)") }
        matchmaker.pass(0)
        #expect(throws: MatchmakingError.fullForAddress(maximum: 2)) { try join("c", at: "2001:db8::c") }
        for name in ["a", "b"] { _ = try matchmaker.acknowledge(name) }
        try join("c", at: "2001:db8::c")
    }

    @Test func aPartyCountsForItsLeadersAddress() throws {
        let code = try matchmaker.createParty("a").code
        _ = try matchmaker.joinParty("b", code: code)
        try join("a", at: "10.0.0.1")
        #expect(throws: MatchmakingError.fullForAddress(maximum: 2)) { try join("c", at: "10.0.0.1") }
    }

    @Test func aQueueMayKeepGuestsOut() throws {
        #expect(throws: MatchmakingError.guestsExcluded) {
            try matchmaker.join("guest_1", queue: "members", MatchCriteria(), from: MatchOrigin(isGuest: true))
        }
        let code = try matchmaker.createParty("ann").code
        _ = try matchmaker.joinParty("guest_1", isGuest: true, code: code)
        #expect(throws: MatchmakingError.guestsExcluded) {
            try matchmaker.join("ann", queue: "members", MatchCriteria())
        }
        try matchmaker.leaveParty("guest_1")
        try matchmaker.join("ann", queue: "members", MatchCriteria())
        #expect(fixture.status("ann") == "queued")
    }
}
