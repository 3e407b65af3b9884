/// Makes a ``JSONValue`` from any `Encodable`: the convenient way, not the fast one.
///
/// Numbers that JSON cannot spell (NaN, infinities) and integers that a ``JSONValue`` cannot hold exactly are
/// `EncodingError`s. Optional properties that are nil are left out, as synthesised conformances ask.
public struct JSONValueEncoder: Sendable {
    /// Handed to the types being encoded.
    public var userInfo: [CodingUserInfoKey: any Sendable]

    /// An encoder.
    public init(userInfo: [CodingUserInfoKey: any Sendable] = [:]) {
        self.userInfo = userInfo
    }

    /// The tree for `value`.
    public func encode(_ value: some Encodable) throws -> JSONValue {
        let root = TreeNode()
        try ValueEncoder(root, path: [], userInfo: userInfo).wrap(value)
        return root.value
    }
}

extension JSONWriter {
    /// Writes any `Encodable` through a ``JSONValueEncoder``. Nothing is written when it throws.
    public mutating func encode(_ value: some Encodable) throws {
        self.value(try JSONValueEncoder().encode(value))
    }
}

/// A value under construction, shared by every container that adds to it: that way containers may be filled in any
/// order.
private final class TreeNode {
    enum Content {
        case empty
        case value(JSONValue)
        case elements([TreeNode])
        /// `places` is where each key stands in `members`.
        case members([(key: String, node: TreeNode)], places: [ExactKey: Int])
    }

    var content = Content.empty

    /// The finished tree. A value that encoded nothing at all is an empty object, as in Foundation.
    var value: JSONValue {
        switch content {
        case .empty: return .object(JSONObject())
        case .value(let value): return value
        case .elements(let nodes): return .array(nodes.map(\.value))
        case .members(let members, _):
            var object = JSONObject()
            for member in members { object[member.key] = member.node.value }
            return .object(object)
        }
    }

    var elementCount: Int {
        if case .elements(let nodes) = content { nodes.count } else { 0 }
    }

    func becomeArray() {
        if case .elements = content { return }
        content = .elements([])
    }

    func becomeObject() {
        if case .members = content { return }
        content = .members([], places: [:])
    }

    /// A node for a new last element.
    func append() -> TreeNode {
        guard case .elements(var nodes) = content else { preconditionFailure("an unkeyed container lost its array") }
        content = .empty
        let node = TreeNode()
        nodes.append(node)
        content = .elements(nodes)
        return node
    }

    /// The node of a member, made if there is none.
    func member(_ key: String) -> TreeNode {
        guard case .members(var members, var places) = content else {
            preconditionFailure("a keyed container lost its object")
        }
        if let place = places[ExactKey(key)] { return members[place].node }
        content = .empty
        let node = TreeNode()
        places[ExactKey(key)] = members.count
        members.append((key, node))
        content = .members(members, places: places)
        return node
    }
}

/// A node, where it stands, and the three ways to fill it.
private struct ValueEncoder: Encoder, SingleValueEncodingContainer {
    let node: TreeNode
    let codingPath: [any CodingKey]
    let info: [CodingUserInfoKey: any Sendable]

    init(_ node: TreeNode, path: [any CodingKey], userInfo: [CodingUserInfoKey: any Sendable]) {
        self.node = node
        self.codingPath = path
        self.info = userInfo
    }

    var userInfo: [CodingUserInfoKey: Any] { info }

    /// An encoder for a node inside this one.
    func nested(_ node: TreeNode, _ key: any CodingKey) -> ValueEncoder {
        ValueEncoder(node, path: codingPath + [key], userInfo: info)
    }

    func wrap<T: Encodable>(_ value: T) throws {
        if let value = value as? JSONValue { return set(value) }
        try value.encode(to: self)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.becomeObject()
        return KeyedEncodingContainer(KeyedNodes(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.becomeArray()
        return UnkeyedNodes(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    private func set(_ value: JSONValue) { node.content = .value(value) }

    func encodeNil() throws { set(.null) }
    func encode(_ value: Bool) throws { set(.bool(value)) }
    func encode(_ value: String) throws { set(.string(value)) }
    func encode(_ value: Double) throws { try number(value, value.isFinite ? value : nil) }
    /// The double that is spelled like the float: 0.1, not 0.10000000149011612.
    func encode(_ value: Float) throws { try number(value, value.isFinite ? Double(value.description) : nil) }
    func encode(_ value: Int) throws { try integer(value) }
    func encode(_ value: Int8) throws { try integer(value) }
    func encode(_ value: Int16) throws { try integer(value) }
    func encode(_ value: Int32) throws { try integer(value) }
    func encode(_ value: Int64) throws { try integer(value) }
    func encode(_ value: Int128) throws { try integer(value) }
    func encode(_ value: UInt) throws { try integer(value) }
    func encode(_ value: UInt8) throws { try integer(value) }
    func encode(_ value: UInt16) throws { try integer(value) }
    func encode(_ value: UInt32) throws { try integer(value) }
    func encode(_ value: UInt64) throws { try integer(value) }
    func encode(_ value: UInt128) throws { try integer(value) }
    func encode<T: Encodable>(_ value: T) throws { try wrap(value) }

    private func integer(_ value: some FixedWidthInteger) throws {
        guard let whole = Int64(exactly: value) else { throw unspeakable(value) }
        set(.integer(whole))
    }

    private func number(_ original: Any, _ value: Double?) throws {
        guard let value else { throw unspeakable(original) }
        set(.number(value))
    }

    private func unspeakable(_ value: Any) -> EncodingError {
        .invalidValue(value, .init(codingPath: codingPath, debugDescription: "\(value) has no exact JSON number"))
    }
}

/// The members of a node by the keys of a type.
private struct KeyedNodes<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: ValueEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) throws { try member(key).encodeNil() }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try member(key).wrap(value) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        member(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { member(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { member(PathKey("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { member(key) }

    private func member(_ key: any CodingKey) -> ValueEncoder {
        encoder.nested(encoder.node.member(key.stringValue), key)
    }
}

/// The elements of a node, one after the other.
private struct UnkeyedNodes: UnkeyedEncodingContainer {
    let encoder: ValueEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.node.elementCount }

    func encodeNil() throws { try element().encodeNil() }
    func encode<T: Encodable>(_ value: T) throws { try element().wrap(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        element().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { element().unkeyedContainer() }
    func superEncoder() -> any Encoder { element() }

    private func element() -> ValueEncoder {
        let key = PathKey(count)
        return encoder.nested(encoder.node.append(), key)
    }
}
