internal import PylonBytes
internal import PylonTelemetry

// MARK: Lists

extension CacheStore {
    /// Adds a text at an end of a list and returns its length.
    package func push(_ key: String, _ text: String, atFront: Bool) throws(CacheError) -> Int {
        try write(key, CacheList.self, adding: text) { list throws(CacheError) in
            list.push(text, atFront: atFront)
            return list.elements.count
        }
    }

    /// Takes the text at an end of a list; nil when there is none.
    package func pop(_ key: String, atFront: Bool) throws(CacheError) -> String? {
        let text = try with(key) { table, now throws(CacheError) in
            try table.change(key, CacheList.self, at: now) { list throws(CacheError) in list.pop(atFront: atFront) }
        }
        count(text != nil)
        return text ?? nil
    }

    /// The texts of a list from `start` to `stop`, both included; negative places count from the end.
    package func list(_ key: String, from start: Int, through stop: Int) throws(CacheError) -> [String] {
        try read(key, CacheList.self).range(start, stop)
    }

    /// How many texts a list has; 0 when there is none.
    package func listCount(_ key: String) throws(CacheError) -> Int { try read(key, CacheList.self).elements.count }
}

// MARK: Sets

extension CacheStore {
    /// Adds a member to a set. Returns whether it is new.
    package func add(_ key: String, member: String) throws(CacheError) -> Bool {
        try write(key, CacheSet.self, adding: member) { set throws(CacheError) in set.insert(member) }
    }

    /// Takes a member out of a set. Returns whether it was there.
    package func remove(_ key: String, member: String) throws(CacheError) -> Bool {
        try change(key, CacheSet.self) { $0.remove(member) }
    }

    /// Whether a set has a member.
    package func has(_ key: String, member: String) throws(CacheError) -> Bool {
        try read(key, CacheSet.self).members.contains(ExactText(member))
    }

    /// The members of a set, in the order of their bytes.
    package func members(_ key: String) throws(CacheError) -> [String] {
        try read(key, CacheSet.self).members.sorted().map(\.text)
    }

    /// How many members a set has; 0 when there is none.
    package func memberCount(_ key: String) throws(CacheError) -> Int { try read(key, CacheSet.self).members.count }

    /// The members of both sets.
    package func intersection(_ key: String, _ other: String) throws(CacheError) -> [String] {
        let (one, other) = (try read(key, CacheSet.self).members, try read(other, CacheSet.self).members)
        return one.intersection(other).sorted().map(\.text)
    }

    /// The members of either set.
    package func union(_ key: String, _ other: String) throws(CacheError) -> [String] {
        let (one, other) = (try read(key, CacheSet.self).members, try read(other, CacheSet.self).members)
        return one.union(other).sorted().map(\.text)
    }
}

// MARK: Hashes

extension CacheStore {
    /// Gives a field of a hash a text.
    package func set(_ key: String, field: String, _ text: String) throws(CacheError) {
        try write(key, CacheHash.self, adding: field + text) { hash throws(CacheError) in hash.set(field, text) }
    }

    /// The text of a field; nil when there is none.
    package func get(_ key: String, field: String) throws(CacheError) -> String? {
        try read(key, CacheHash.self)[field]
    }

    /// Takes a field out of a hash. Returns whether it was there.
    package func remove(_ key: String, field: String) throws(CacheError) -> Bool {
        try change(key, CacheHash.self) { $0.remove(field) }
    }

    /// The fields of a hash with their texts, in the order of the fields' bytes.
    package func fields(_ key: String) throws(CacheError) -> [(field: String, text: String)] {
        try read(key, CacheHash.self).fields.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value) }
    }

    /// How many fields a hash has; 0 when there is none.
    package func fieldCount(_ key: String) throws(CacheError) -> Int { try read(key, CacheHash.self).fields.count }

    /// Adds to the number in a field, which is 0 when there is none, and returns the sum.
    package func increment(_ key: String, field: String, by amount: Int64) throws(CacheError) -> Int64 {
        // Digits of any sum are fewer than 21.
        try write(key, CacheHash.self, adding: field + "-9223372036854775808") { hash throws(CacheError) in
            let sum = try Self.sum(hash[field], amount)
            hash.set(field, String(sum))
            return sum
        }
    }
}

// MARK: Sorted sets

extension CacheStore {
    /// Gives a member of a sorted set a score, which is finite.
    package func add(_ key: String, member: String, score: Double) throws(CacheError) {
        guard score.isFinite else { throw .invalid("score", problem: "must be a finite number") }
        try write(key, SortedMembers.self, adding: member) { members throws(CacheError) in
            members.set(member, score: score)
        }
    }

    /// Takes a member out of a sorted set. Returns whether it was there.
    package func remove(_ key: String, scored member: String) throws(CacheError) -> Bool {
        try change(key, SortedMembers.self) { $0.remove(member) }
    }

    /// The score of a member; nil when there is none.
    package func score(_ key: String, of member: String) throws(CacheError) -> Double? {
        try read(key, SortedMembers.self).score(of: member)
    }

    /// How many members are before this one; nil when there is none.
    package func rank(_ key: String, of member: String) throws(CacheError) -> Int? {
        try read(key, SortedMembers.self).rank(of: member)
    }

    /// Members with their scores, by rank, both ends included.
    package func ranked(
        _ key: String, from start: Int, through stop: Int
    ) throws(CacheError) -> [(member: String, score: Double)] {
        try read(key, SortedMembers.self).entries(from: start, through: stop).map { ($0.member.text, $0.score) }
    }

    /// How many members a sorted set has; 0 when there is none.
    package func scoredCount(_ key: String) throws(CacheError) -> Int { try read(key, SortedMembers.self).count }
}

extension CacheStore {
    private func write<C: CacheCollection, R: Sendable>(
        _ key: String, _ type: C.Type, adding text: String, _ body: (inout C) throws(CacheError) -> R
    ) throws(CacheError) -> R {
        let result = try with(key) { table, now throws(CacheError) in
            try table.write(
                key, type, adding: text.utf8.count + CacheLimits.elementOverhead, at: now, body)
        }
        counters.sets.add()
        return result
    }

    /// Takes something out of a collection. False when there is no such collection.
    private func change<C: CacheCollection>(
        _ key: String, _ type: C.Type, _ body: (inout C) -> Bool
    ) throws(CacheError) -> Bool {
        try with(key) { table, now throws(CacheError) in
            try table.change(key, type, at: now) { collection throws(CacheError) in body(&collection) } ?? false
        }
    }
}
