package import PylonJSON

/// What a command answers.
package enum CacheResult: Sendable {
    /// It was done.
    case done
    case bool(Bool)
    case integer(Int64)
    case number(Double?)
    case text(String?)
    case texts([String?])
    case fields([(field: String, text: String)])
    case ranked([(member: String, score: Double)])
    case statistics(CacheStatistics)
}

/// Commands as JSON objects, `{"cmd":"SET",...}` (spec/services.md 3.1).
package enum CacheCommand {
    /// Carries a command out. `cmd` may be written in any case.
    package static func run(_ json: JSONValue, on store: CacheStore) throws(CacheError) -> CacheResult {
        guard let name = json["cmd"]?.string else { throw .notACommand }
        let (command, arguments) = (name.uppercased(), CacheArguments(json))
        if let result = try texts(command, arguments, store) { return result }
        if let result = try keys(command, arguments, store) { return result }
        if let result = try lists(command, arguments, store) { return result }
        if let result = try sets(command, arguments, store) { return result }
        if let result = try hashes(command, arguments, store) { return result }
        if let result = try sortedSets(command, arguments, store) { return result }
        throw .unknownCommand(String(name.prefix(32)))
    }

    private static func texts(
        _ command: String, _ arguments: CacheArguments, _ store: CacheStore
    ) throws(CacheError) -> CacheResult? {
        switch command {
        case "SET":
            try store.set(try arguments.text("key"), try arguments.value("value"), ttl: try arguments.ttl())
            return .done
        case "GET": return .text(try store.get(try arguments.text("key")))
        case "SETNX":
            return .bool(
                try store.setIfAbsent(
                    try arguments.text("key"), try arguments.value("value"), ttl: try arguments.ttl()))
        case "GETSET": return .text(try store.exchange(try arguments.text("key"), try arguments.value("value")))
        case "INCR": return .integer(try store.increment(try arguments.text("key"), by: 1))
        case "DECR": return .integer(try store.increment(try arguments.text("key"), by: -1))
        case "INCRBY":
            let amount = try arguments.integer("amount", 1)
            return .integer(try store.increment(try arguments.text("key"), by: Int64(amount)))
        case "MGET": return .texts(try store.get(try arguments.texts("keys")))
        case "MSET":
            guard let pairs = try arguments.pairs("pairs") else { throw .missing("pairs") }
            try store.set(pairs)
            return .done
        default: return nil
        }
    }

    private static func keys(
        _ command: String, _ arguments: CacheArguments, _ store: CacheStore
    ) throws(CacheError) -> CacheResult? {
        switch command {
        case "DEL": return .bool(try store.remove(try arguments.text("key")))
        case "EXISTS": return .bool(try store.has(try arguments.text("key")))
        case "KEYS": return .texts(try store.keys(matching: try arguments.optionalText("pattern") ?? "*"))
        case "TTL": return .integer(try store.secondsLeft(try arguments.text("key")))
        case "EXPIRE":
            let seconds = try arguments.integer("seconds", 0)
            return .bool(try store.expire(try arguments.text("key"), after: .seconds(seconds)))
        case "PERSIST": return .bool(try store.persist(try arguments.text("key")))
        case "TYPE": return .text(try store.typeName(try arguments.text("key")))
        case "DBSIZE": return .integer(Int64(store.count()))
        case "FLUSHALL":
            store.removeAll()
            return .done
        case "INFO": return .statistics(store.statistics)
        case "CLEANUP": return .integer(Int64(store.forgetExpired()))
        default: return nil
        }
    }

    private static func lists(
        _ command: String, _ arguments: CacheArguments, _ store: CacheStore
    ) throws(CacheError) -> CacheResult? {
        switch command {
        case "LPUSH", "RPUSH":
            let count = try store.push(
                try arguments.text("key"), try arguments.value("value"), atFront: command == "LPUSH")
            return .integer(Int64(count))
        case "LPOP", "RPOP": return .text(try store.pop(try arguments.text("key"), atFront: command == "LPOP"))
        case "LRANGE":
            let (start, stop) = (try arguments.integer("start", 0), try arguments.integer("stop", -1))
            return .texts(try store.list(try arguments.text("key"), from: start, through: stop))
        case "LLEN": return .integer(Int64(try store.listCount(try arguments.text("key"))))
        default: return nil
        }
    }

    private static func sets(
        _ command: String, _ arguments: CacheArguments, _ store: CacheStore
    ) throws(CacheError) -> CacheResult? {
        switch command {
        case "SADD": return .bool(try store.add(try arguments.text("key"), member: try arguments.value("member")))
        case "SREM": return .bool(try store.remove(try arguments.text("key"), member: try arguments.value("member")))
        case "SISMEMBER":
            return .bool(try store.has(try arguments.text("key"), member: try arguments.value("member")))
        case "SMEMBERS": return .texts(try store.members(try arguments.text("key")))
        case "SCARD": return .integer(Int64(try store.memberCount(try arguments.text("key"))))
        case "SINTER":
            return .texts(try store.intersection(try arguments.text("key"), try arguments.text("key2")))
        case "SUNION": return .texts(try store.union(try arguments.text("key"), try arguments.text("key2")))
        default: return nil
        }
    }

    private static func hashes(
        _ command: String, _ arguments: CacheArguments, _ store: CacheStore
    ) throws(CacheError) -> CacheResult? {
        switch command {
        case "HSET":
            try store.set(
                try arguments.text("key"), field: try arguments.text("field"), try arguments.value("value"))
            return .done
        case "HGET": return .text(try store.get(try arguments.text("key"), field: try arguments.text("field")))
        case "HDEL": return .bool(try store.remove(try arguments.text("key"), field: try arguments.text("field")))
        case "HEXISTS":
            return .bool(try store.get(try arguments.text("key"), field: try arguments.text("field")) != nil)
        case "HGETALL": return .fields(try store.fields(try arguments.text("key")))
        case "HLEN": return .integer(Int64(try store.fieldCount(try arguments.text("key"))))
        case "HKEYS": return .texts(try store.fields(try arguments.text("key")).map(\.field))
        case "HINCRBY":
            let amount = try arguments.integer("amount", 1)
            return .integer(
                try store.increment(
                    try arguments.text("key"), field: try arguments.text("field"), by: Int64(amount)))
        default: return nil
        }
    }

    private static func sortedSets(
        _ command: String, _ arguments: CacheArguments, _ store: CacheStore
    ) throws(CacheError) -> CacheResult? {
        switch command {
        case "ZADD":
            try store.add(
                try arguments.text("key"), member: try arguments.value("member"), score: try arguments.number("score"))
            return .done
        case "ZREM":
            return .bool(try store.remove(try arguments.text("key"), scored: try arguments.value("member")))
        case "ZSCORE":
            return .number(try store.score(try arguments.text("key"), of: try arguments.value("member")))
        case "ZRANK":
            let rank = try store.rank(try arguments.text("key"), of: try arguments.value("member"))
            return rank.map { .integer(Int64($0)) } ?? .text(nil)
        case "ZRANGE":
            let (start, stop) = (try arguments.rank("start", 0), try arguments.rank("stop", 10))
            return .ranked(try store.ranked(try arguments.text("key"), from: start, through: stop))
        case "ZCARD": return .integer(Int64(try store.scoredCount(try arguments.text("key"))))
        default: return nil
        }
    }
}
