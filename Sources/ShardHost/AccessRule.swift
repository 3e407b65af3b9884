internal import PylonBytes
internal import PylonCrypto
internal import PylonJSON
internal import PylonSimulation

/// What of a shard's `config` says who may come in.
struct AccessRule: Hashable, Sendable {
    static let codeBytes = 6...128
    static let fieldNames = ["private", "join_code"]
    /// What takes the place of `join_code` in the `config` of a shard: the world, the store and recordings have no use for the code itself. Nobody
    /// passes it in.
    static let digestName = "join_code_digest"

    /// Whether only those with a code may, and the shard is in no list.
    var isPrivate = false
    /// A code that is good for everyone; nil when only single players have codes.
    var joinCode: JoinCodeDigest?

    init() {}

    /// Reads `private` and `join_code` as somebody gave them; a shard with a code is private whatever else is said.
    init(json: JSONValue) throws(ConfigurationError) {
        guard json[Self.digestName] == nil else {
            throw ConfigurationError(Self.digestName, "is the server's own: give a join_code")
        }
        try self.init(stored: json)
    }

    /// The same from the `config` of a stored shard: what `sealed` made, or what versions before it stored.
    init(stored json: JSONValue) throws(ConfigurationError) {
        switch json["private"] {
        case nil, .null: break
        case .bool(let flag): isPrivate = flag
        default: throw ConfigurationError("private", "must be true or false")
        }
        if let value = json[Self.digestName] {
            guard let digest = value.string.flatMap(JoinCodeDigest.init(text:)) else {
                throw ConfigurationError(Self.digestName, "is none")
            }
            joinCode = digest
            isPrivate = true
        }
        guard let value = json["join_code"], !value.isNull else { return }
        guard let code = value.string, Self.codeBytes.contains(code.utf8.count) else {
            throw ConfigurationError(
                "join_code", "must be a string of \(Self.codeBytes.lowerBound) to \(Self.codeBytes.upperBound) bytes")
        }
        guard json["private"] != false else { throw ConfigurationError("private", "must be true with a join_code") }
        joinCode = JoinCodeDigest(of: Array(code.utf8))
        isPrivate = true
    }

    /// `config` with the digest in place of the code.
    func sealed(_ config: JSONValue) -> JSONValue {
        guard var object = Self.unlocked(config).object, let joinCode else { return config }
        object[Self.digestName] = .string(joinCode.text)
        return .object(object)
    }

    /// `config` without anything that could open the shard.
    static func unlocked(_ config: JSONValue) -> JSONValue {
        guard let object = config.object, object["join_code"] != nil || object[digestName] != nil else { return config }
        var rest = JSONObject()
        for member in object where member.key != "join_code" && member.key != digestName {
            rest[member.key] = member.value
        }
        return .object(rest)
    }
}

/// What a shard remembers of its join code: whether a code is that one can be told from it, the code cannot, unless it is short enough to be
/// guessed.
struct JoinCodeDigest: Hashable, Sendable {
    private static let saltBytes = 16

    private let salt: [UInt8]
    private let digest: SHA256.Digest

    /// The digest of a code, with a salt of its own: equal codes of two shards do not show.
    init(of code: [UInt8]) {
        salt = SecureRandom.bytes(Self.saltBytes)
        digest = SHA256.hash(salt + code)
    }

    /// Reads what `text` wrote; nil for anything else.
    init?(text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let salt = Hex.decode(String(parts[0])), salt.count == Self.saltBytes,
            let bytes = Hex.decode(String(parts[1])), let digest = SHA256.Digest(bytes)
        else { return nil }
        self.salt = salt
        self.digest = digest
    }

    /// Salt and SHA-256 of salt and code, in hexadecimal.
    var text: String { "\(Hex.encode(salt)):\(Hex.encode(digest.bytes))" }

    /// Whether `code` is the one, in a time that says nothing of where it differs.
    func fits(_ code: [UInt8]) -> Bool { SHA256.hash(salt + code) == digest }
}
