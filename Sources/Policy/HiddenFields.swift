internal import PylonSchema

/// Which fields of an entity stay inside the server.
struct HiddenFields: Sendable {
    /// Read by nobody through data routes, administrators included: what a stolen copy of would let a thief in.
    let secret: Set<String>
    /// The secret ones, and those that only administrators read.
    let hidden: Set<String>

    /// Names of credentials, compared without case and underscores: `passwordHash`, `password_hash`.
    private static let secretNames: Set<String> = [
        "passwordhash", "hashedpassword", "passworddigest", "encryptedpassword", "passwordsalt", "totpsecret",
        "totpbackupcodes",
    ]

    init(_ entity: Entity, _ auth: AuthSettings) {
        let isUser = entity.name == auth.userEntity
        let names = entity.fields.map(\.name)
        // Elsewhere `password` may be what the app is about.
        let secret = Set(names.filter { Self.secretNames.contains(Self.plain($0)) || isUser && $0 == "password" })
        self.secret = secret
        let internalNames = isUser ? names.filter { $0.hasPrefix("_") || auth.hide.contains($0) } : []
        hidden = secret.union(internalNames)
    }

    private static func plain(_ name: String) -> String {
        name.filter { $0 != "_" }.lowercased()
    }
}
