/// The prepared statements of one connection, by SQL: preparing costs more than most statements take to run.
///
/// Bounded: the one used longest ago makes room. Belongs to the connection's thread.
struct StatementCache {
    private var statements: [String: Statement] = [:]
    private var uses: UInt64 = 0
    private let capacity: Int
    /// How many statements had to be prepared.
    private(set) var preparedTotal = 0

    init(capacity: Int) {
        precondition(capacity > 0, "a cache of nothing")
        self.capacity = capacity
    }

    var count: Int { statements.count }

    /// A statement that nobody uses; give it back with `checkIn`. O(1), and O(capacity) when one has to go.
    mutating func checkOut(_ sql: String, on connection: OpaquePointer) throws(StorageError) -> Statement {
        uses += 1
        if let kept = statements[sql], !kept.isInUse {
            kept.isInUse = true
            kept.lastUse = uses
            return kept
        }
        let made = try Statement(sql, on: connection)
        preparedTotal += 1
        made.isInUse = true
        made.lastUse = uses
        // A second user of the same SQL, such as a query within a query, gets one that is not kept.
        if statements[sql] == nil {
            makeRoom()
            statements[sql] = made
        }
        return made
    }

    /// Gives a statement back.
    func checkIn(_ statement: Statement) {
        statement.reset()
        statement.isInUse = false
    }

    /// Finalises every statement; a connection cannot be closed before.
    mutating func removeAll() {
        statements.removeAll()
    }

    private mutating func makeRoom() {
        guard statements.count >= capacity else { return }
        let oldest = statements.values.filter { !$0.isInUse }.min { $0.lastUse < $1.lastUse }
        if let oldest { statements[oldest.sql] = nil }
    }
}
