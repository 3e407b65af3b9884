public import PylonJSON
internal import PylonSimulation
internal import PylonThreading

/// What signed-in users may do with the shards of a kind, besides connecting to them: nothing unless the kind says so.
public struct LobbyRule: Sendable {
    /// Whether the kind's public shards are in the list that users get.
    let isListed: Bool
    /// The `config` of the shards that users make, beneath what they say themselves; nil when they may make none.
    let config: JSONValue?
    /// Shards that one user may have running at a time.
    let perUserMaximum: Int
    /// Shards that all users together may have running at a time.
    let totalMaximum: Int

    /// Administrators alone see and make shards of the kind.
    public static let closed = LobbyRule(isListed: false, config: nil, perUserMaximum: 0, totalMaximum: 0)
    /// Users see its public shards.
    public static let listed = LobbyRule(isListed: true, config: nil, perUserMaximum: 0, totalMaximum: 0)

    /// Users see its public shards, and make shards of their own with the fields that the kind declares. The engine's fields are the app's:
    /// they are taken from `config`.
    public static func open(
        config: JSONValue = [:], perUser perUserMaximum: Int = 1, total totalMaximum: Int = 100
    ) -> LobbyRule {
        LobbyRule(isListed: true, config: config, perUserMaximum: perUserMaximum, totalMaximum: totalMaximum)
    }
}

/// The shards that users see and make. Safe from any thread.
package final class Lobby: Sendable {
    private let registry: ShardRegistry
    private let random: @Sendable () -> UInt64
    /// Who made which shard. Entries of shards that have ended go when the next one is made.
    private let owners = Lock<[String: Owner]>([:])

    private struct Owner {
        let user: String
        let kind: String
        /// Whether its shard is being made still.
        var isPending = true
    }

    /// `random` makes ids and codes that nobody may guess.
    package init(registry: ShardRegistry, random: @escaping @Sendable () -> UInt64) {
        self.registry = registry
        self.random = random
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
        kind name: String, config: JSONValue, isPrivate: Bool, for user: String
    ) throws(LobbyError) -> Made {
        guard let kind = registry.kind(name), let template = kind.lobby.config else { throw .notOpen }
        if let stray = config.object?.first(where: { member in !kind.fields.contains { $0.name == member.key } }) {
            throw .registry(.invalidConfiguration(ConfigurationError(stray.key, "is no field of this kind")))
        }
        let id = "\(name)_\(Self.hex(random()))"
        try reserve(id, kind, user)
        var merged = template.object ?? JSONObject()
        for member in config.object ?? JSONObject() { merged[member.key] = member.value }
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

    private func reserve(_ id: String, _ kind: ShardKind, _ user: String) throws(LobbyError) {
        let known = owners.withLock { owners in owners.filter { !$0.value.isPending }.map(\.key) }
        let ended = known.filter { registry.get($0)?.isRunning != true }
        let problem = owners.withLock { owners -> LobbyError? in
            for id in ended { owners[id] = nil }
            let ofKind = owners.values.filter { $0.kind == kind.name }
            if ofKind.count >= kind.lobby.totalMaximum { return .tooMany(maximum: kind.lobby.totalMaximum) }
            guard ofKind.count(where: { $0.user == user }) < kind.lobby.perUserMaximum else {
                return .tooManyOfUser(maximum: kind.lobby.perUserMaximum)
            }
            owners[id] = Owner(user: user, kind: kind.name)
            return nil
        }
        if let problem { throw problem }
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
    case tooManyOfUser(maximum: Int)
    case tooMany(maximum: Int)
    case registry(RegistryError)
}
