package import PylonPolicy
internal import PylonSchema
internal import PylonStorage

/// One import under way: takes the text in pieces, writes the rows as they come, and keeps account of them (spec/data.md 3.9, defect 25).
///
/// Rows keep the ids they bring along, so that references between them stay true. A row that is refused is reported, and does not keep the others
/// out. What came before a place where the text breaks stays imported.
package struct RecordImport: ~Copyable {
    /// What became of it.
    package struct Report: Sendable {
        package var imported = 0
        package var failed = 0
        /// In the order in which the entities came.
        package var entities: [(name: String, inserted: Int, failed: Int)] = []
        /// The first refusals, at most ``RecordImport/refusalsMaximum``.
        package var refusals: [Refusal] = []
    }

    /// A row that was not imported.
    package struct Refusal: Sendable {
        package let entity: String
        /// The row's place in its entity's array, from 0.
        package let index: Int
        package let reason: RecordError
    }

    /// Refusals reported one by one.
    package static let refusalsMaximum = 100
    /// Rows that share one turn of the database's writer, and the bytes of a piece that end a turn early.
    private static let turnRows = 256
    private static let turnBytes = 1 << 20

    private let store: RecordStore
    private let identity: PolicyIdentity
    private var parser = ImportParser()
    private var waiting: [ImportParser.Row] = []
    private var waitingBytes = 0
    private var report = Report()

    package init(into store: RecordStore, as identity: PolicyIdentity) {
        self.store = store
        self.identity = identity
    }

    /// Takes the next piece of the text. Throws `importBroken` where it is no import, and `storage` when nothing can be written now.
    package mutating func take(_ bytes: [UInt8]) async throws(RecordError) {
        var problem: ImportProblem?
        do throws(ImportProblem) {
            try parser.feed(bytes.span)
        } catch {
            problem = error
        }
        waiting += parser.found
        waitingBytes += bytes.count
        if problem != nil || waiting.count >= Self.turnRows || waitingBytes >= Self.turnBytes { try await write() }
        if let problem { throw .importBroken(problem, imported: report.imported) }
    }

    /// Writes what is left. Throws `importBroken` when the text was not complete, and `storage` as ``take(_:)`` does.
    package mutating func finish() async throws(RecordError) -> Report {
        try await write()
        do throws(ImportProblem) {
            try parser.finish()
        } catch {
            throw .importBroken(error, imported: report.imported)
        }
        return report
    }

    private mutating func write() async throws(RecordError) {
        let rows = waiting
        waiting = []
        waitingBytes = 0
        for start in stride(from: 0, to: rows.count, by: Self.turnRows) {
            let turn = rows[start..<min(rows.count, start + Self.turnRows)]
            let steps = turn.map {
                store.prepare(.success(.insert(entity: $0.entity, $0.json, keepsID: true)), as: identity)
            }
            let outcomes = try await made(steps)
            for (row, outcome) in zip(turn, outcomes) { account(for: row, outcome) }
        }
    }

    /// Makes the steps of a turn. That the database cannot be written is no row's fault: it ends the import.
    private func made(_ steps: [PreparedStep]) async throws(RecordError) -> [RecordOutcome] {
        let outcomes = await store.make(steps, as: identity)
        if let error = outcomes.lazy.compactMap(\.ofNobody).first { throw .storage(error) }
        return outcomes
    }

    private mutating func account(for row: ImportParser.Row, _ outcome: RecordOutcome) {
        if report.entities.last?.name != row.entity { report.entities.append((row.entity, 0, 0)) }
        let last = report.entities.count - 1
        guard let reason = outcome.refusal else {
            report.imported += 1
            report.entities[last].inserted += 1
            return
        }
        report.failed += 1
        report.entities[last].failed += 1
        guard report.refusals.count < Self.refusalsMaximum else { return }
        report.refusals.append(Refusal(entity: row.entity, index: row.index, reason: reason))
    }
}

extension RecordOutcome {
    /// An error of the database that would have met any row.
    fileprivate var ofNobody: StorageError? {
        guard case .storage(let error) = refusal else { return nil }
        return error.isOfTheChange ? nil : error
    }
}
