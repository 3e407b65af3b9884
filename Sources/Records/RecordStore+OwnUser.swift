internal import PylonBytes
internal import PylonJSON
internal import PylonPolicy
internal import PylonSchema
internal import PylonStorage

extension RecordStore {
    /// The row of a user as the session route shows it to the user alone, a JSON object; nil when there is no such row, or no user
    /// entity.
    ///
    /// What the manifest's `auth.user` exposes and hides decides here instead of the read rules (spec/auth.md 2.11); credentials and
    /// names with a leading underscore are left out in any case. Throws `storage`.
    package func ownUser(id: String) async throws(RecordError) -> [UInt8]? {
        let auth = manifest.auth
        guard let entity = manifest.entity(auth.userEntity) else { return nil }
        let table = try table(entity.name)
        var hidden = policies.hiddenFields(of: entity.name).union(auth.hide)
        hidden.formUnion(
            entity.fields.map(\.name).filter {
                $0.hasPrefix("_") || !auth.expose.isEmpty && !auth.expose.contains($0)
            })
        hidden.remove(Entity.idColumn)
        let encoder = RowEncoder(table, hiding: hidden, writesBoolsAsIntegers: writesBoolsAsIntegers)
        return try await read { transaction throws(StorageError) -> [UInt8]? in
            var json = JSONWriter()
            guard try transaction.writeRow(encoder, id: id, to: &json) else { return nil }
            return json.finish().copyBytes()
        }
    }
}
