package import PylonFanout
package import PylonJSON
package import PylonSimulation
internal import PylonTelemetry
internal import PylonThreading
package import PylonTime
internal import Synchronization

/// The shards of a process by id. Safe from any thread.
package final class ShardRegistry: Sendable {
    /// Ids are names people read in logs and URLs: 1 to 128 bytes.
    package static let idBytesMaximum = 128
    /// The one name that no shard can have: `GET /api/shards/kinds` is the list of kinds.
    package static let reservedID = "kinds"

    package let counters = ShardCounters()
    private let kinds: [String: ShardKind]
    private let workers: [TickWorker]
    private let shardsMaximum: Int
    private let clock: any Clock
    private let random: @Sendable () -> UInt64
    /// Running shards by worker, for binding a new one to the least loaded.
    private let loads: Lock<[Int]>
    private let keepers: ShardKeepers
    private let onEnd: @Sendable (_ id: String, StreamEnding) -> Void
    private let table = Lock<[String: any ShardHandle]>([:])
    /// Whether shards may still be made. Held while a factory runs, so that one id never gets two worlds. Taken before `table`, never after (docs/lock-order.md).
    private let creation = Lock(true)
    /// Stored shards that this process cannot bring back and another may: a new one of that id would take their place in the store.
    private let idsWithheld = Lock<Set<String>>([])
    /// Stored shards that have been removed, until the store has forgotten them: with those that run they are as many as there may be.
    private let departing = Lock<[any ShardHandle]>([])
    /// Whether all shards end with the process.
    private let isStopping = Atomic<Bool>(false)
    /// Whether a shard that is not there is gone for good. Not while stored ones come back, nor once all end with the process.
    private let isComplete = Atomic<Bool>(true)

    /// Shards of `kinds`, at most `shardsMaximum` at a time, spread over `workers`. `random` gives seeds to those that ask for none;
    /// `onEnd` hears of each shard that ends, on its worker's thread.
    package init(
        kinds: [ShardKind], workers: [TickWorker], shardsMaximum: Int, clock: any Clock,
        random: @escaping @Sendable () -> UInt64, keepers: ShardKeepers = ShardKeepers(),
        onEnd: @escaping @Sendable (_ id: String, StreamEnding) -> Void = { _, _ in }
    ) {
        self.kinds = Dictionary(kinds.map { ($0.name, $0) }) { _, last in last }
        self.workers = workers
        loads = Lock([Int](repeating: 0, count: workers.count))
        self.shardsMaximum = shardsMaximum
        self.clock = clock
        self.random = random
        self.keepers = keepers
        self.onEnd = onEnd
    }

    /// Makes and starts a shard. The id must be free: no running shard may have it. Throws `RegistryError`.
    package func create(id: String, kind: String, config: JSONValue) throws(RegistryError) -> any ShardHandle {
        let made = creation.withLock { isOpen in
            Result { () throws(RegistryError) in
                guard isOpen else { throw .shuttingDown }
                // A shard that has ended gives up its name before the next sweep.
                guard !isWithheld(id) else { throw .withheld }
                guard !isTaken(id) else { throw .duplicate }
                return try make(id: id, kind: kind, config: config)
            }
        }
        return try made.get()
    }

    /// The running shard called `id`, made now if there is none; the factory runs at most once however many ask at the same time.
    package func getOrCreate(id: String, kind: String, config: JSONValue) throws(RegistryError) -> any ShardHandle {
        if let existing = get(id), existing.isRunning { return existing }
        let made = creation.withLock { isOpen in
            Result { () throws(RegistryError) in
                guard isOpen else { throw .shuttingDown }
                guard !isWithheld(id) else { throw .withheld }
                if let existing = get(id), existing.isRunning { return existing }
                guard !isTaken(id) else { throw .duplicate }
                return try make(id: id, kind: kind, config: config)
            }
        }
        return try made.get()
    }

    /// The shard called `id`, running or not.
    package func get(_ id: String) -> (any ShardHandle)? {
        table.withLock { $0[id] }
    }

    /// Whether there is a shard called `id` that runs, or has ended and still has something to settle.
    private func isTaken(_ id: String) -> Bool {
        // The latter last: it is set before the former ends.
        get(id).map { $0.isRunning || $0.isSettling } ?? false
    }

    /// The kind called so.
    func kind(_ name: String) -> ShardKind? { kinds[name] }

    /// Throws what is wrong with a `config` for shards of a kind, as far as that can be known without making one.
    package func check(_ config: JSONValue, kind name: String) throws(RegistryError) {
        guard let kind = kinds[name] else { throw .unknownKind(known: kinds.keys.sorted()) }
        do throws(ConfigurationError) {
            _ = try AccessRule(json: config)
            _ = try ShardConfiguration(json: ConfigField.complete(config, with: kind.fields))
            _ = try seed(in: config)
        } catch {
            throw .invalidConfiguration(error)
        }
    }

    /// Whether a shard of that `config` would be stored, and come back when the process starts anew; false when it cannot be made.
    package func isStored(_ config: JSONValue, kind name: String) -> Bool {
        guard let kind = kinds[name], let config = try? ConfigField.complete(config, with: kind.fields),
            let configuration = try? ShardConfiguration(json: config)
        else { return false }
        return configuration.keeping.checkpointTicks > 0
    }

    /// All kinds, by name: what `GET /api/shards/kinds` answers with.
    package var kindDescriptions: [KindDescription] {
        kinds.values.sorted { $0.name < $1.name }.map {
            KindDescription(
                name: $0.name, schema: ConfigField.schema(of: $0.fields), isListed: $0.lobby.isListed,
                isOpen: $0.lobby.config != nil)
        }
    }

    /// The fields of a `config` that mean nothing; none where the kind does not declare its own.
    package func ignoredFields(of config: JSONValue, kind name: String) -> [String] {
        guard let kind = kinds[name], !kind.fields.isEmpty, let object = config.object else { return [] }
        let known = Set(kind.fields.map(\.name) + ShardConfiguration.fieldNames + AccessRule.fieldNames + ["seed"])
        return object.map(\.key).filter { !known.contains($0) }
    }

    /// All shards, by id.
    package var all: [any ShardHandle] {
        table.withLock { Array($0.values) }.sorted { $0.id < $1.id }
    }

    package var count: Int { table.withLock { $0.count } }

    /// Stops a shard and forgets it; returns whether it was there. Its id is free at once, or, where its world hands things off, when what is on its
    /// way has been settled.
    package func remove(_ id: String) -> Bool {
        guard let shard = get(id) else { return false }
        return remove(shard)
    }

    /// The same of this shard, and of none that has its id by now.
    @discardableResult
    package func remove(_ shard: any ShardHandle) -> Bool {
        // Before it leaves the table: it is to be found in one of the two.
        let isForgottenLater = shard.isStored && !shard.handsOff
        if isForgottenLater { departing.withLock { $0.append(shard) } }
        let isThere = table.withLock { table in
            guard table[shard.id] === shard else { return false }
            guard shard.handsOff, shard.isRunning || shard.isSettling else {
                table[shard.id] = nil
                return true
            }
            // It keeps its name until what it handed off is settled.
            guard !shard.status.isRemoved.exchange(true, ordering: .relaxed) else { return false }
            shard.status.isSettling.store(true, ordering: .releasing)
            return true
        }
        guard isThere else {
            // As often as it stands there it was put there.
            if isForgottenLater { notDeparting(shard) }
            return false
        }
        shard.stop(.stopped)
        if isForgottenLater { awaitForgotten(shard) }
        return true
    }

    /// A shard of this id that has been removed and that the store has not forgotten yet; the newest of several.
    package func departing(_ id: String) -> (any ShardHandle)? { departing.withLock { $0.last { $0.id == id } } }

    private func awaitForgotten(_ shard: any ShardHandle) {
        shard.confirm(.forgotten, within: nil) { [weak self] outcome in
            guard let self, !isStopping.load(ordering: .relaxed) else { return }
            guard outcome == .done else { return awaitForgotten(shard) }
            notDeparting(shard)
        }
    }

    private func notDeparting(_ shard: any ShardHandle) {
        departing.withLock { departing in
            if let index = departing.lastIndex(where: { $0 === shard }) { departing.remove(at: index) }
        }
    }

    /// Forgets a shard that was removed and has settled everything.
    private func close(_ shard: any ShardHandle) {
        guard shard.status.isRemoved.load(ordering: .relaxed) else { return }
        table.withLock { if $0[shard.id] === shard { $0[shard.id] = nil } }
    }

    /// Forgets the shards that no longer run; returns how many. The server calls it every few seconds.
    @discardableResult
    package func sweepFinished() -> Int {
        table.withLock { table in
            let before = table.count
            table = table.filter { $0.value.isRunning || $0.value.isSettling }
            return before - table.count
        }
    }

    /// Stops every shard; their subscribers are told to come back.
    package func stopAll() {
        isComplete.store(false, ordering: .releasing)
        isStopping.store(true, ordering: .relaxed)
        // Held so that no shard is being made meanwhile, nor later.
        creation.withLock { $0 = false }
        for shard in all {
            shard.stop(.goingAway)
        }
    }

    /// Says whether every stored shard has come back: until then nothing that is handed to one which is not there is refused.
    package func noteRestored(_ isComplete: Bool) {
        self.isComplete.store(isComplete, ordering: .releasing)
    }

    /// Brings back a shard that was stored; it goes on at its tick. Throws, in words, when it cannot.
    package func restore(_ kept: KeptShard) throws(RestoreError) {
        let made = creation.withLock { isOpen in
            let made = Result { () throws(RestoreError) in
                guard isOpen, get(kept.id) == nil else {
                    throw RestoreError("there is such a shard already", staysStored: true)
                }
                enter(try makeAgain(kept))
            }
            if case .failure(let error) = made, error.staysStored { idsWithheld.withLock { _ = $0.insert(kept.id) } }
            return made
        }
        try made.get()
        keepers.counters.restored.add()
    }

    /// Whether a stored shard that could not come back has this id: no other gets it.
    package func isWithheld(_ id: String) -> Bool {
        idsWithheld.withLock { $0.contains(id) }
    }

    /// Forgets a stored shard that could not come back, and frees its id. Answers on a worker's thread, after `patience` at the latest; what
    /// was refused or took longer may be asked for again.
    package func forgetWithheld(
        _ id: String, within patience: Duration, _ answer: @escaping @Sendable (StoreConfirmation) -> Void
    ) {
        guard let worker = workers.first, let store = keepers.store else { return answer(.refused) }
        worker.submit { [self] in
            // Forgotten meanwhile, its id may be another's by now.
            guard isWithheld(id) else { return answer(.done) }
            let first = FirstAnswer(answer)
            worker.schedule(DelayedCall { first.give(.late) }, at: worker.clock.now() + patience)
            store.write(.removal, of: .any(id)) { problem in
                worker.submit {
                    if problem == nil { self.idsWithheld.withLock { _ = $0.remove(id) } }
                    first.give(problem == nil ? .done : .refused)
                }
            }
        }
    }

    /// Gives one answer, the first. Belongs to a worker.
    private final class FirstAnswer: @unchecked Sendable {
        // Safety: made and touched on the worker's thread alone.
        private var answer: ((StoreConfirmation) -> Void)?

        init(_ answer: @escaping (StoreConfirmation) -> Void) {
            self.answer = answer
        }

        func give(_ outcome: StoreConfirmation) {
            answer?(outcome)
            answer = nil
        }
    }

    /// The shard that was stored. What this process lacks is no fault of the shard's: it stays stored for one that has it.
    private func makeAgain(_ kept: KeptShard) throws(RestoreError) -> any ShardHandle {
        guard let kind = kinds[kept.kind] else {
            throw RestoreError("there is no kind \(kept.kind)", staysStored: true)
        }
        guard count < shardsMaximum else {
            throw RestoreError("there are \(shardsMaximum) shards already", staysStored: true)
        }
        do {
            keepers.instances.pass(kept.instance)
            let config = try JSONParser.parse(kept.config)
            let configuration = try ShardConfiguration(json: config)
            do throws(ConfigurationError) {
                try keepers.check(configuration.keeping, isPersistent: kind.isPersistent)
            } catch {
                throw RestoreError(String(describing: error), staysStored: true)
            }
            let access = try AccessRule(stored: config)
            let setup = ShardSetup(id: kept.id, config: access.sealed(config), seed: kept.seed, clock: clock)
            let shard = try kind.restoreHandle(kept, setup, configuration, leastLoadedWorker, counters, keepers)
            shard.status.access.restrict(access)
            return shard
        } catch let error as RestoreError {
            throw error
        } catch StateError.unsupportedVersion(let version, let newest) {
            let error = StateError.unsupportedVersion(version, newest: newest)
            throw RestoreError(String(describing: error), staysStored: version > newest)
        } catch {
            throw RestoreError(String(describing: error))
        }
    }

    private func make(id: String, kind: String, config: JSONValue) throws(RegistryError) -> any ShardHandle {
        guard !id.isEmpty, id.utf8.count <= Self.idBytesMaximum,
            id.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }), id != Self.reservedID
        else { throw .invalidID }
        guard let kind = kinds[kind] else { throw .unknownKind(known: kinds.keys.sorted()) }
        guard count + departing.withLock({ $0.count }) < shardsMaximum else { throw .tooMany(maximum: shardsMaximum) }
        let shard: any ShardHandle
        do {
            let config = try ConfigField.complete(config, with: kind.fields)
            let access = try AccessRule(json: config)
            let setup = ShardSetup(id: id, config: access.sealed(config), seed: try seed(in: config), clock: clock)
            let configuration = try ShardConfiguration(json: config)
            try keepers.check(configuration.keeping, isPersistent: kind.isPersistent)
            shard = try kind.makeHandle(setup, configuration, leastLoadedWorker, counters, keepers)
            shard.status.access.restrict(access)
        } catch let error as ConfigurationError {
            throw .invalidConfiguration(error)
        } catch {
            throw .invalidConfiguration(ConfigurationError("", String(describing: error)))
        }
        enter(shard)
        return shard
    }

    /// Lets others find a shard, and starts it.
    private func enter(_ shard: any ShardHandle) {
        table.withLock { $0[shard.id] = shard }
        let index = shard.worker.index
        loads.withLock { $0[index] += 1 }
        let post = HandoffPost(
            find: { [weak self] in self?.get($0) },
            isGoneForGood: { [weak self] id in
                guard let self else { return false }
                return isComplete.load(ordering: .acquiring) && !isWithheld(id)
            },
            isEverybodyThere: { [weak self] in self?.isComplete.load(ordering: .acquiring) ?? true },
            close: { [weak self] in self?.close($0) })
        shard.start(post: post) { [weak self, onEnd] id, ending in
            self?.loads.withLock { $0[index] -= 1 }
            onEnd(id, ending)
        }
    }

    private func seed(in config: JSONValue) throws(ConfigurationError) -> UInt64 {
        switch config["seed"] {
        case nil, .null: return random()
        case .integer(let number) where number >= 0: return UInt64(number)
        default: throw ConfigurationError("seed", "must be a whole number from 0 to 2^63-1")
        }
    }

    private var leastLoadedWorker: TickWorker {
        workers[loads.withLock { loads in loads.indices.min { loads[$0] < loads[$1] } ?? 0 }]
    }
}

/// A kind as administrators see it.
package struct KindDescription: Sendable {
    package let name: String
    /// The JSON Schema of its own fields.
    package let schema: JSONValue
    package let isListed: Bool
    /// Whether users may make shards of it.
    package let isOpen: Bool
}

/// Why a stored shard does not come back.
package struct RestoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// Whether it may come back to another process: one with its kind, a newer version of it, or more room.
    package let staysStored: Bool

    package init(_ description: String, staysStored: Bool = false) {
        self.description = description
        self.staysStored = staysStored
    }
}

/// Why the registry made no shard.
package enum RegistryError: Error, Equatable, Sendable, CustomStringConvertible {
    case duplicate
    /// A stored shard that could not come back has it.
    case withheld
    /// Empty, longer than 128 bytes, reserved, or with spaces or control characters.
    case invalidID
    case unknownKind(known: [String])
    case invalidConfiguration(ConfigurationError)
    case tooMany(maximum: Int)
    /// All shards have been stopped for good.
    case shuttingDown

    /// For the log and the one line of a start that failed.
    package var description: String {
        switch self {
        case .duplicate: "there is a shard of this id"
        case .withheld: "a stored shard that could not come back has this id"
        case .invalidID: "no shard can have this id"
        case .unknownKind(let known): "there is no such kind; there are: \(known.joined(separator: ", "))"
        case .invalidConfiguration(let error): error.description
        case .tooMany(let maximum): "there are \(maximum) shards already"
        case .shuttingDown: "the server is shutting down"
        }
    }
}
