package import PylonBytes
public import PylonJSON
internal import PylonSimulation
package import PylonTelemetry
internal import PylonThreading

/// What signed-in users may do with the shards of a kind, besides connecting to them: nothing unless the kind says so.
public struct LobbyRule: Sendable {
    /// Whether the kind's public shards are in the list that users get.
    let isListed: Bool
    /// The `config` of the shards that users make, beneath what they say themselves; nil when they may make none.
    let config: JSONValue?
    /// Shards that one user may have running at a time.
    let perUserMaximum: Int
    /// Shards that may run at a time of users from one address: guests, whom anybody may be many of, share it.
    let perAddressMaximum: Int
    /// Whether guests may make any.
    let allowsGuests: Bool
    /// Shards that all users together may have running at a time.
    let totalMaximum: Int

    /// Administrators alone see and make shards of the kind.
    public static let closed = LobbyRule(
        isListed: false, config: nil, perUserMaximum: 0, perAddressMaximum: 0, allowsGuests: true, totalMaximum: 0)
    /// Users see its public shards.
    public static let listed = LobbyRule(
        isListed: true, config: nil, perUserMaximum: 0, perAddressMaximum: 0, allowsGuests: true, totalMaximum: 0)

    /// Users see its public shards, and make shards of their own with the fields that the kind declares. The engine's fields are the app's:
    /// they are taken from `config`.
    public static func open(
        config: JSONValue = [:], perUser perUserMaximum: Int = 1, perAddress perAddressMaximum: Int = 10,
        total totalMaximum: Int = 100, allowsGuests: Bool = true
    ) -> LobbyRule {
        LobbyRule(
            isListed: true, config: config, perUserMaximum: perUserMaximum, perAddressMaximum: perAddressMaximum,
            allowsGuests: allowsGuests, totalMaximum: totalMaximum)
    }
}

/// The shards that users see and make. Safe from any thread.
package final class Lobby: Sendable {
    /// Shards not made because there were as many as there may be, of the user, from the address, or of all.
    package let refused = Counter()
    private let registry: ShardRegistry
    private let random: @Sendable () -> UInt64
    /// Who made which shard. Entries of shards that have ended go when the next one is made.
    private let owners = Lock<[String: Owner]>([:])

    private struct Owner {
        let user: String
        let kind: String
        /// What the shard counts against.
        let network: IPAddress?
        /// Whether its shard is being made still.
        var isPending = true
    }

    /// `random` makes ids and codes that nobody may guess.
    package init(registry: ShardRegistry, random: @escaping @Sendable () -> UInt64) {
        self.registry = registry
        self.random = random
    }

    /// What is wrong with what the kinds say about users' shards; nil when nothing is.
    package var problem: String? {
        let stored = registry.kindDescriptions.map(\.name).first { name in
            registry.kind(name)?.lobby.config.map { registry.isStored($0, kind: name) } == true
        }
        return stored.map { "kind \($0): the shards of its lobby cannot have checkpoint_ticks" }
    }

    /// The running shards that anyone may join, by id, of one kind or of all. O(shards).
    package func shards(kind: String?) -> [any ShardHandle] {
        registry.all.filter { shard in
            shard.isRunning && !shard.status.access.isPrivate && (kind == nil || shard.kind == kind)
                && registry.kind(shard.kind)?.lobby.isListed == true
        }
    }

    /// A shard that a user has just made.
    package struct Made {
        package let shard: any ShardHandle
        /// What lets others in; nil when the shard is public.
        package let code: String?
    }

    /// Makes a shard for a user with the fields that the kind declares. Throws `LobbyError`. Runs the kind's factory.
    package func create(
        kind name: String, config: JSONValue, isPrivate: Bool, for user: String, isGuest: Bool = false,
        at address: IPAddress? = nil
    ) throws(LobbyError) -> Made {
        guard let kind = registry.kind(name), let template = kind.lobby.config else { throw .notOpen }
        guard kind.lobby.allowsGuests || !isGuest else { throw .guestsExcluded }
        if let stray = config.object?.first(where: { member in !kind.fields.contains { $0.name == member.key } }) {
            throw .registry(.invalidConfiguration(ConfigurationError(stray.key, "is no field of this kind")))
        }
        var merged = template.object ?? JSONObject()
        for member in config.object ?? JSONObject() { merged[member.key] = member.value }
        // Who made a shard is known as long as the process lives: one that came back would be nobody's, and count for nobody.
        guard !registry.isStored(.object(merged), kind: name) else {
            throw .registry(.invalidConfiguration(ConfigurationError("checkpoint_ticks", "is not for users' shards")))
        }
        let id = "\(name)_\(Self.hex(random()))"
        try reserve(id, Owner(user: user, kind: name, network: address?.network), kind.lobby)
        let code = isPrivate ? Self.hex(random()) : nil
        if let code { merged["join_code"] = .string(code) }
        do throws(RegistryError) {
            let shard = try registry.create(id: id, kind: name, config: .object(merged))
            owners.withLock { $0[id]?.isPending = false }
            return Made(shard: shard, code: code)
        } catch {
            owners.withLock { $0[id] = nil }
            throw .registry(error)
        }
    }

    /// Stops a shard that the user made; false when there is none.
    package func remove(_ id: String, of user: String) -> Bool {
        let isOwner = owners.withLock { owners in
            guard let owner = owners[id], owner.user == user, !owner.isPending else { return false }
            owners[id] = nil
            return true
        }
        return isOwner && registry.remove(id)
    }

    private func reserve(_ id: String, _ owner: Owner, _ rule: LobbyRule) throws(LobbyError) {
        let known = owners.withLock { owners in owners.filter { !$0.value.isPending }.map(\.key) }
        let ended = known.filter { registry.get($0)?.isRunning != true }
        let problem = owners.withLock { owners -> LobbyError? in
            for id in ended { owners[id] = nil }
            let ofKind = owners.values.filter { $0.kind == owner.kind }
            if ofKind.count >= rule.totalMaximum { return .tooMany(maximum: rule.totalMaximum) }
            guard ofKind.count(where: { $0.user == owner.user }) < rule.perUserMaximum else {
                return .tooManyOfUser(maximum: rule.perUserMaximum)
            }
            if let network = owner.network, ofKind.count(where: { $0.network == network }) >= rule.perAddressMaximum {
                return .tooManyOfAddress(maximum: rule.perAddressMaximum)
            }
            owners[id] = owner
            return nil
        }
        guard let problem else { return }
        refused.add()
        throw problem
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Why no shard was made for a user.
package enum LobbyError: Error, Sendable {
    /// There is no such kind, or users may not make shards of it.
    case notOpen
    /// The kind's shards are not for guests to make.
    case guestsExcluded
    case tooManyOfUser(maximum: Int)
    case tooManyOfAddress(maximum: Int)
    case tooMany(maximum: Int)
    case registry(RegistryError)
}
