import PylonBytes
import PylonJSON
import PylonSimulation
import PylonTelemetry
import PylonThreading
import PylonTime
import Testing

@testable import PylonShardHost

@Suite struct LobbyTests {
    private static let kinds = [
        ShardKind("closed") { _ in LedgerWorld() }, ShardKind("listed", lobby: .listed) { _ in LedgerWorld() },
        ShardKind(
            "open", config: [.integer("size", 1...9, default: 3, "how large")],
            lobby: .open(config: ["tick_rate_hz": 0, "max_players": 4], perUser: 2, total: 3)
        ) { _ in LedgerWorld() },
        ShardKind("shared", lobby: .open(perUser: 9, perAddress: 2)) { _ in LedgerWorld() },
        ShardKind("members", lobby: .open(allowsGuests: false)) { _ in LedgerWorld() },
    ]

    private let fixture: ShardFixture
    private let lobby: Lobby

    init() throws {
        fixture = try ShardFixture(kinds: Self.kinds)
        let last = Lock(0 as UInt64)
        lobby = Lobby(registry: fixture.registry) {
            last.withLock { number in
                number += 1
                return number
            }
        }
    }

    private func make(_ user: String, isPrivate: Bool = false, _ config: JSONValue = [:]) throws -> Lobby.Made {
        try lobby.create(kind: "open", config: config, isPrivate: isPrivate, for: user)
    }

    @Test func usersSeeWhatIsPublicAndListed() throws {
        for (id, kind) in [("a", "closed"), ("b", "listed"), ("c", "open")] {
            _ = try fixture.registry.create(id: id, kind: kind, config: [:])
        }
        _ = try fixture.registry.create(id: "d", kind: "listed", config: ["private": true])
        #expect(lobby.shards(kind: nil).map(\.id) == ["b", "c"])
        #expect(lobby.shards(kind: "open").map(\.id) == ["c"])
        fixture.stop()
    }

    @Test func usersMakeShardsWithinTheirLimits() throws {
        let made = try make("ann", isPrivate: true, ["size": 5])
        #expect(made.shard.id == "open_0000000000000001" && made.code == "0000000000000002")
        #expect(made.shard.status.access.isPrivate && lobby.shards(kind: nil).isEmpty)
        _ = try make("ann")
        guard case .tooManyOfUser(maximum: 2)? = #expect(throws: LobbyError.self, performing: { try make("ann") })
        else { return #expect(Bool(false)) }
        _ = try make("bob")
        guard case .tooMany(maximum: 3)? = #expect(throws: LobbyError.self, performing: { try make("cec") })
        else { return #expect(Bool(false)) }
        #expect(!lobby.remove(made.shard.id, of: "bob"))
        #expect(lobby.remove(made.shard.id, of: "ann") && !lobby.remove(made.shard.id, of: "ann"))
        _ = try make("cec")
        // A shard that ends by itself makes room as well.
        _ = fixture.registry.remove("open_0000000000000003")
        _ = try make("ann")
        fixture.stop()
    }

    @Test func guestsOfOneAddressShareALimit() throws {
        func make(_ user: String, at address: String) throws -> String {
            try lobby.create(
                kind: "shared", config: [:], isPrivate: false, for: user, isGuest: true, at: IPAddress(address)
            ).shard.id
        }
        let first = try make("guest_1", at: "2001:db8::1")
        _ = try make("guest_2", at: "2001:db8::2")
        guard
            case .tooManyOfAddress(maximum: 2)? = #expect(
                throws: LobbyError.self, performing: { try make("guest_3", at: "2001:db8::3") })
        else { return #expect(Bool(false)) }
        #expect(lobby.refused.value == 1)
        _ = try make("guest_3", at: "2001:db8:0:1::3")
        #expect(lobby.remove(first, of: "guest_1"))
        _ = try make("guest_3", at: "2001:db8::3")
        fixture.stop()
    }

    @Test func aKindMayKeepGuestsFromMakingShards() throws {
        guard
            case .guestsExcluded? = #expect(
                throws: LobbyError.self,
                performing: {
                    try lobby.create(kind: "members", config: [:], isPrivate: false, for: "guest_1", isGuest: true)
                })
        else { return #expect(Bool(false)) }
        _ = try lobby.create(kind: "members", config: [:], isPrivate: false, for: "ann")
        fixture.stop()
    }

    @Test func usersShardsAreNotStored() throws {
        let kinds = [
            ShardKind("asks", config: [.integer("checkpoint_ticks", 0...9, "how often")], lobby: .open()) { _ in
                LedgerWorld()
            },
            ShardKind("stored", lobby: .open(config: ["checkpoint_ticks": 10])) { _ in LedgerWorld() },
        ]
        #expect(lobby.problem == nil)
        let fixture = try ShardFixture(kinds: kinds)
        let lobby = Lobby(registry: fixture.registry) { 1 }
        #expect(lobby.problem == "kind stored: the shards of its lobby cannot have checkpoint_ticks")
        guard
            case .registry(.invalidConfiguration(let problem))? = #expect(
                throws: LobbyError.self,
                performing: {
                    try lobby.create(kind: "asks", config: ["checkpoint_ticks": 5], isPrivate: false, for: "ann")
                })
        else { return #expect(Bool(false)) }
        #expect(problem == ConfigurationError("checkpoint_ticks", "is not for users' shards"))
        _ = try lobby.create(kind: "asks", config: ["checkpoint_ticks": 0], isPrivate: false, for: "ann")
        fixture.stop()
        self.fixture.stop()
    }

    @Test func theEnginesFieldsAreTheApps() throws {
        guard
            case .registry(.invalidConfiguration(let problem))? = #expect(
                throws: LobbyError.self, performing: { try make("ann", ["tick_rate_hz": 1000]) })
        else { return #expect(Bool(false)) }
        #expect(problem.field == "tick_rate_hz")
        guard
            case .registry(.invalidConfiguration(let other))? = #expect(
                throws: LobbyError.self, performing: { try make("ann", ["size": 10]) })
        else { return #expect(Bool(false)) }
        #expect(other.field == "size")
        for _ in 0..<2 { _ = try make("ann") }
        guard
            case .notOpen? = #expect(
                throws: LobbyError.self,
                performing: { try lobby.create(kind: "listed", config: [:], isPrivate: false, for: "ann") })
        else { return #expect(Bool(false)) }
        fixture.stop()
    }

    @Test func whatMeansNothingIsNamed() {
        let config: JSONValue = ["size": 1, "sice": 2, "tick_rate_hz": 1, "private": true, "seed": 1]
        #expect(fixture.registry.ignoredFields(of: config, kind: "open") == ["sice"])
        #expect(fixture.registry.ignoredFields(of: config, kind: "closed").isEmpty, "it declares none")
        let names = fixture.registry.kindDescriptions.map { "\($0.name) \($0.isListed) \($0.isOpen)" }
        #expect(
            names == [
                "closed false false", "listed true false", "members true true", "open true true", "shared true true",
            ])
        #expect(fixture.registry.kindDescriptions[3].schema["properties"]?["size"]?["maximum"] == 9)
        #expect(
            throws: RegistryError.invalidConfiguration(
                ConfigurationError("max_players", "must be a whole number from 0 to 10000000"))
        ) {
            try fixture.registry.check(["max_players": -1], kind: "open")
        }
        #expect(throws: RegistryError.unknownKind(known: ["closed", "listed", "members", "open", "shared"])) {
            try fixture.registry.check([:], kind: "chess")
        }
        #expect(throws: RegistryError.invalidID) {
            try fixture.registry.create(id: "kinds", kind: "open", config: [:])
        }
        fixture.stop()
    }
}
