internal import PylonBytes

/// What a key stands for. All texts; numbers are kept as they are spelled.
enum CacheValue: Sendable {
    case text(String)
    case list(CacheList)
    case set(CacheSet)
    case hash(CacheHash)
    case sorted(SortedMembers)

    /// About what it takes in memory.
    var bytes: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .list(let list): list.bytes
        case .set(let set): set.bytes
        case .hash(let hash): hash.bytes
        case .sorted(let members): members.bytes
        }
    }

    /// The name on the wire.
    var typeName: String {
        switch self {
        case .text: "string"
        case .list: "list"
        case .set: "set"
        case .hash: "hash"
        case .sorted: "zset"
        }
    }
}

/// A value made of elements. One without any is never kept: its key goes (spec/services.md C2).
protocol CacheCollection {
    init()
    /// Takes the collection out of `value`, if it is of this type, and leaves nothing there: it then has one owner.
    init?(taking value: inout CacheValue)
    var value: CacheValue { get }
    var isEmpty: Bool { get }
}

extension CacheCollection {
    static func cost(_ text: String) -> Int { text.utf8.count + CacheLimits.elementOverhead }
}

/// Texts in order, with two ends.
struct CacheList: CacheCollection, Sendable {
    private(set) var elements = Deque<String>()
    private(set) var bytes = 0

    init() {}

    init?(taking value: inout CacheValue) {
        guard case .list(let list) = value else { return nil }
        value = .text("")
        self = list
    }

    var value: CacheValue { .list(self) }
    var isEmpty: Bool { elements.isEmpty }

    /// Adds a text at an end; O(1).
    mutating func push(_ text: String, atFront: Bool) {
        if atFront { elements.prepend(text) } else { elements.append(text) }
        bytes += Self.cost(text)
    }

    /// Takes the text at an end; nil when there is none. O(1).
    mutating func pop(atFront: Bool) -> String? {
        if isEmpty { return nil }
        let text = atFront ? elements.removeFirst() : elements.removeLast()
        bytes -= Self.cost(text)
        return text
    }

    /// Those from `start` to `stop`, both included; negative places count from the end. None beyond the ends.
    func range(_ start: Int, _ stop: Int) -> [String] {
        let first = max(start < 0 ? start + elements.count : start, 0)
        let last = min(stop < 0 ? stop + elements.count : stop, elements.count - 1)
        return first <= last ? (first...last).map { elements[$0] } : []
    }
}

/// Texts, each once.
struct CacheSet: CacheCollection, Sendable {
    private(set) var members: Set<ExactText> = []
    private(set) var bytes = 0

    init() {}

    init?(taking value: inout CacheValue) {
        guard case .set(let set) = value else { return nil }
        value = .text("")
        self = set
    }

    var value: CacheValue { .set(self) }
    var isEmpty: Bool { members.isEmpty }

    mutating func insert(_ text: String) -> Bool {
        guard members.insert(ExactText(text)).inserted else { return false }
        bytes += Self.cost(text)
        return true
    }

    mutating func remove(_ text: String) -> Bool {
        guard members.remove(ExactText(text)) != nil else { return false }
        bytes -= Self.cost(text)
        return true
    }
}

/// Texts by name.
struct CacheHash: CacheCollection, Sendable {
    private(set) var fields: [ExactText: String] = [:]
    private(set) var bytes = 0

    init() {}

    init?(taking value: inout CacheValue) {
        guard case .hash(let hash) = value else { return nil }
        value = .text("")
        self = hash
    }

    var value: CacheValue { .hash(self) }
    var isEmpty: Bool { fields.isEmpty }

    subscript(field: String) -> String? { fields[ExactText(field)] }

    mutating func set(_ field: String, _ text: String) {
        if let old = fields.updateValue(text, forKey: ExactText(field)) {
            bytes -= old.utf8.count
        } else {
            bytes += Self.cost(field)
        }
        bytes += text.utf8.count
    }

    mutating func remove(_ field: String) -> Bool {
        guard let old = fields.removeValue(forKey: ExactText(field)) else { return false }
        bytes -= Self.cost(field) + old.utf8.count
        return true
    }
}
