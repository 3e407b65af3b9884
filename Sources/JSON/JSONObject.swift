/// The members of a JSON object in the order they were written, each key once.
///
/// Few members are searched in a row; from ``indexedFrom`` on an index keeps lookup and insertion O(1).
public struct JSONObject: Sendable {
    /// One name and its value.
    public struct Member: Sendable {
        /// The name, as its code points.
        public let key: String
        /// What it names.
        public internal(set) var value: JSONValue

        /// A member.
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// 16 members: comparing that many short keys costs less than hashing one.
    static let indexedFrom = 17

    private(set) var members: [Member] = []
    /// The position of each key, kept while there are ``indexedFrom`` members or more.
    private var positions: [ExactKey: Int]?

    /// An object without members.
    public init() {}

    /// An object of members with distinct keys, with their index if there are enough of them to need one.
    init(distinct members: [Member], positions: [ExactKey: Int]?) {
        assert((positions != nil) == (members.count >= Self.indexedFrom), "an index for large objects only")
        self.members = members
        self.positions = positions
    }

    /// The value of a member. Setting replaces it in place, adds it at the end, or with nil removes it (O(count)).
    public subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (nil, let value?): append(Member(key: key, value: value))
            case (let position?, nil): remove(at: position)
            case (nil, nil): break
            }
        }
    }

    /// The names, in order.
    public var keys: [String] { members.map(\.key) }

    private func position(of key: String) -> Int? {
        if let positions { return positions[ExactKey(key)] }
        return members.firstIndex { $0.key.hasSameBytes(as: key) }
    }

    private mutating func append(_ member: Member) {
        members.append(member)
        if positions != nil {
            positions?[ExactKey(member.key)] = members.count - 1
        } else if members.count >= Self.indexedFrom {
            positions = Self.positions(of: members)
        }
    }

    private mutating func remove(at position: Int) {
        members.remove(at: position)
        positions = members.count >= Self.indexedFrom ? Self.positions(of: members) : nil
    }

    /// The index of members whose keys are distinct.
    private static func positions(of members: [Member]) -> [ExactKey: Int] {
        var positions: [ExactKey: Int] = [:]
        positions.reserveCapacity(members.count)
        for (position, member) in members.enumerated() { positions[ExactKey(member.key)] = position }
        return positions
    }
}

extension JSONObject: RandomAccessCollection {
    /// Zero.
    public var startIndex: Int { 0 }
    /// The number of members.
    public var endIndex: Int { members.count }
    /// The member at a place in their order. Traps beyond the last.
    public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Equatable {
    /// Whether both have the same members, in whatever order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.members.allSatisfy { right[$0.key] == $0.value }
    }
}

/// A key that is equal and hashed by its bytes, with the process's random seed: a hostile text cannot make keys collide.
struct ExactKey: Hashable, Sendable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    static func == (left: ExactKey, right: ExactKey) -> Bool {
        left.text.hasSameBytes(as: right.text)
    }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
