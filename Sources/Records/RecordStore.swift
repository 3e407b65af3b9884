package import PylonPolicy
package import PylonSchema
package import PylonStorage
package import PylonTime

/// The rows of an app's entities, as its callers may see and change them: the one way to them for every route.
///
/// A write is validated by the manifest's types, judged by the rules on the old and the new image, passed through the hooks, and stored
/// together with its entry in the change log; it is acknowledged once it is durable. Reads are filtered row by row by the same rules, in
/// the database where a condition can say them. Safe from any thread.
package final class RecordStore: Sendable {
    package let manifest: Manifest
    package let policies: PolicySet
    package let limits: RecordLimits
    package let counters = RecordCounters()
    let database: Database
    let clock: any Clock
    let pipeline: WritePipeline
    let writesBoolsAsIntegers: Bool
    private let tables: EntityTables
    /// How the rows of each entity are written, for everybody and for administrators.
    private let encoders: [String: (standard: RowEncoder, admin: RowEncoder)]

    /// Serves the entities of `manifest` from `database`, whose tables fit it already (``SchemaPush``). `writesBoolsAsIntegers` is for
    /// clients of the reference that expect 0 and 1.
    package init(
        _ manifest: Manifest, policies: PolicySet, hooks: [RecordHook] = [], database: Database, clock: any Clock,
        limits: RecordLimits = RecordLimits(), writesBoolsAsIntegers: Bool = false
    ) {
        self.manifest = manifest
        self.policies = policies
        self.limits = limits
        self.database = database
        self.clock = clock
        self.writesBoolsAsIntegers = writesBoolsAsIntegers
        let tables = EntityTables(manifest)
        self.tables = tables
        encoders = tables.all.mapValues { table in
            func encoder(hiding hidden: Set<String>) -> RowEncoder {
                RowEncoder(table, hiding: hidden, writesBoolsAsIntegers: writesBoolsAsIntegers)
            }
            let name = table.entity.name
            return (
                encoder(hiding: policies.hiddenFields(of: name)), encoder(hiding: policies.secretFields(of: name))
            )
        }
        pipeline = WritePipeline(
            policies: policies, hooks: HookTable(hooks, for: manifest), tables: tables,
            ids: RowIDGenerator(clock: clock))
    }

    /// The table of an entity. Throws `entityNotFound`.
    func table(_ entity: String) throws(RecordError) -> EntityTable {
        try tables.table(entity)
    }

    /// How rows are written for somebody: without the fields that are hidden from them, and without `others`.
    func encoder(
        _ table: EntityTable, for identity: PolicyIdentity, hiding others: Set<String> = []
    ) -> RowEncoder {
        if others.isEmpty, let both = encoders[table.entity.name] {
            return identity.isAdmin ? both.admin : both.standard
        }
        let hidden = hiddenFields(table.entity.name, for: identity).union(others)
        return RowEncoder(table, hiding: hidden, writesBoolsAsIntegers: writesBoolsAsIntegers)
    }

    /// The fields that somebody may neither read nor filter or sort by.
    func hiddenFields(_ entity: String, for identity: PolicyIdentity) -> Set<String> {
        identity.isAdmin ? policies.secretFields(of: entity) : policies.hiddenFields(of: entity)
    }
}
