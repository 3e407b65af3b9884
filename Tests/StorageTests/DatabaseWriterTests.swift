internal import PylonSchema
internal import PylonTelemetry
internal import PylonTestSupport
internal import PylonThreading
internal import PylonTime
internal import Testing
@testable internal import PylonStorage

@Suite struct DatabaseWriterTests {
    private static let table = EntityTable(TestDatabase.note)

    /// Holds the writer's thread until `release` is called, so that what is submitted meanwhile becomes one batch.
    private final class Hold: Sendable {
        private let gate = Mailbox<Void>()
        private let entered = Mailbox<Void>()
        private let task: Task<Void, Never>

        init(_ database: Database) {
            task = Task { [gate, entered] in
                _ = await thrown { () throws(StorageError) in
                    try await database.write { _ in
                        entered.put(())
                        _ = try? gate.next()
                    }
                }
            }
        }

        /// Yields meanwhile: the pool's threads are few.
        func wait() async throws {
            try await eventually { entered.count > 0 }
        }

        func release() async {
            gate.put(())
            await task.value
        }
    }

    /// Submits inserts of `texts` as one batch and returns what each of them threw.
    private func batch(_ test: TestDatabase, _ texts: [String]) async throws -> [StorageError?] {
        let database = test.database
        let hold = Hold(database)
        try await hold.wait()
        var tasks: [Task<StorageError?, Never>] = []
        for (number, text) in texts.enumerated() {
            tasks.append(
                Task {
                    await thrown { () throws(StorageError) in
                        try await database.write { transaction throws(StorageError) in
                            try transaction.insert(
                                Self.table, id: TestDatabase.id(number), ["text": .text(text)])
                        }
                    }
                })
            try await eventually { database.writesWaiting == number + 1 }
        }
        await hold.release()
        var errors: [StorageError?] = []
        for task in tasks { errors.append(await task.value) }
        return errors
    }

    @Test func `writes that wait share one commit`() async throws {
        let test = try await TestDatabase { $0.batchDurationMaximum = .zero }
        let commits = test.database.counters.commits.value
        let errors = try await batch(test, (0..<20).map { "note \($0)" })
        #expect(errors.allSatisfy { $0 == nil })
        // The one that held the thread, and the one of all others.
        #expect(test.database.counters.commits.value - commits == 2)
        #expect(try await test.database.read { t throws(StorageError) in try t.count(Self.table) } == 20)
    }

    @Test func `a failing job of a batch is rolled back alone`() async throws {
        let unique = Entity(
            name: "Note", fields: [Field(name: "text", type: .string, isOptional: true, isUnique: true)])
        let test = try await TestDatabase([unique]) { $0.batchDurationMaximum = .zero }
        let errors = try await batch(test, ["a", "b", "a", "c"])
        #expect(errors == [nil, nil, .uniqueViolation(entity: "Note", fields: ["text"]), nil])
        let texts = try await test.database.read { transaction throws(StorageError) in
            try transaction.rows(Self.table, RowQuery()).map { $0[column: "text"] }
        }
        #expect(texts == [.text("a"), .text("b"), .text("c")])
    }

    @Test func `all jobs of a batch get the error when its commit fails`() async throws {
        let folder = TestFolder()
        var settings = DatabaseSettings()
        settings.batchDurationMaximum = .seconds(5)
        let connection = try SQLiteConnection(
            .file(folder.file("c.db")), mode: .writer, settings: settings, clock: SystemClock())
        // A deferred constraint is the one thing that only COMMIT checks.
        try connection.run("PRAGMA foreign_keys = 1")
        try connection.run("CREATE TABLE p (a PRIMARY KEY)")
        try connection.run("CREATE TABLE c (a REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
        let counters = StorageCounters()
        let writer = DatabaseWriter(settings: settings, clock: SystemClock(), counters: counters)
        async let good: StorageError? = thrown { () throws(StorageError) in
            try await writer.write(bytes: 0) { t throws(StorageError) in try t.execute("INSERT INTO p VALUES (1)") }
        }
        try await eventually { writer.waitingCount == 1 }
        async let bad: StorageError? = thrown { () throws(StorageError) in
            try await writer.write(bytes: 0) { t throws(StorageError) in try t.execute("INSERT INTO c VALUES (2)") }
        }
        try await eventually { writer.waitingCount == 2 }
        let left = Mailbox<Int64>()
        let thread = writer.start(connection) { connection in
            left.put((try? connection.first("SELECT count(*) FROM p") { $0.integer(0) }) ?? -1)
        }
        let errors = await [good, bad]
        #expect(errors[0] != nil && errors[0] == errors[1])
        #expect(counters.commitsFailed.value == 1)
        writer.close()
        thread.join()
        #expect(try left.next() == 0)
    }

    @Test func `a job that finds no space fails alone, though SQLite ends the transaction`() async throws {
        let test = try await TestDatabase {
            $0.batchDurationMaximum = .zero
            $0.pagesMaximum = 60
        }
        let errors = try await batch(test, ["a", "b", String(repeating: "x", count: 1 << 20), "c"])
        #expect(errors[0] == nil && errors[1] == nil && errors[3] == nil)
        guard case .full(let failure) = errors[2] else {
            Issue.record("\(String(describing: errors[2]))")
            return
        }
        #expect(failure.code == 13)
        let count = try await test.database.read { t throws(StorageError) in try t.count(Self.table) }
        #expect(count == 3)
    }

    @Test func `a full queue refuses, by count and by bytes`() {
        let queue = WorkQueue<Int>(capacity: 3, bytesMaximum: 100)
        let taker = WorkQueue<Int>.Taker()
        // Alone, even what exceeds the budget is taken: it could never be done otherwise.
        #expect(queue.push(1, bytes: 150) == nil)
        #expect(queue.push(2, bytes: 1) == .overloaded)
        #expect(queue.pop(8, by: taker) == [1])
        #expect(queue.push(3, bytes: 60) == nil)
        #expect(queue.push(4, bytes: 60) == .overloaded)
        #expect(queue.push(5, bytes: 40) == nil)
        #expect(queue.push(6) == nil)
        #expect(queue.push(7) == .overloaded)
        #expect(queue.pop(2, by: taker) == [3, 5])
        queue.close()
        #expect(queue.push(8) == .closed)
        #expect(queue.pop(8, by: taker) == [6])
        #expect(queue.pop(8, by: taker) == [])
    }

    @Test func `a job that ignores the end of its transaction fails, and nothing of it stays`() async throws {
        let test = try await TestDatabase { $0.pagesMaximum = 60 }
        let error = await thrown { () throws(StorageError) in
            try await test.database.write { transaction throws(StorageError) in
                let text = FieldValue.text(String(repeating: "x", count: 1 << 20))
                #expect(throws: StorageError.self) {
                    try transaction.insert(Self.table, id: TestDatabase.id(1), ["text": text])
                }
                #expect(throws: SQLiteConnection.transactionLost) {
                    try transaction.insert(Self.table, id: TestDatabase.id(2), [:])
                }
            }
        }
        #expect(error == SQLiteConnection.transactionLost)
        #expect(try await test.database.read { t throws(StorageError) in try t.count(Self.table) } == 0)
        try await test.database.write { t throws(StorageError) in
            try t.insert(Self.table, id: TestDatabase.id(3), [:])
        }
    }

    @Test(arguments: [1, 2, 3, 7]) func `a queue keeps the order over any number of turns`(_ stride: Int) {
        let queue = WorkQueue<Int>(capacity: 10_000)
        var next = 0
        var expected = 0
        for turn in 0..<4000 {
            for _ in 0...(turn % 3) where queue.push(next) == nil { next += 1 }
            for job in queue.popWaiting(stride) {
                #expect(job == expected)
                expected += 1
            }
        }
        #expect(queue.count == next - expected)
    }

    @Test func `a full queue is an error of its own`() async throws {
        let test = try await TestDatabase { $0.writeQueueCapacity = 1 }
        let database = test.database
        let hold = Hold(database)
        try await hold.wait()
        async let waiting: Void = database.write { _ in }
        try await eventually { database.writesWaiting == 1 }
        #expect(await thrown { () throws(StorageError) in try await database.write { _ in } } == .overloaded)
        #expect(database.counters.refused.value == 1)
        await hold.release()
        try await waiting
    }

    @Test func `an abandoned job keeps its result and loses its changes`() async throws {
        let test = try await TestDatabase()
        let answer = try await test.database.write { transaction throws(StorageError) in
            try transaction.insert(Self.table, id: TestDatabase.id(1), [:])
            transaction.afterCommit { Issue.record("an action of an abandoned job") }
            transaction.abandon()
            return "refused"
        }
        #expect(answer == "refused")
        #expect(try await test.database.read { t throws(StorageError) in try t.count(Self.table) } == 0)
    }

    @Test func `actions run in the order of the commits, before results are delivered`() async throws {
        let test = try await TestDatabase()
        let seen = Mailbox<Int64>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let sequence = try await test.database.write { transaction throws(StorageError) in
                        let sequence = try transaction.recordChange("Note", id: TestDatabase.id(number), .insert)
                        transaction.afterCommit { seen.put(sequence) }
                        return sequence
                    }
                    #expect(seen.count >= Int(sequence))
                }
            }
            try await group.waitForAll()
        }
        #expect(try seen.take(100) == Array(1...100))
    }

    @Test func `closing finishes what was accepted and refuses the rest`() async throws {
        let test = try await TestDatabase()
        let database = test.database
        let hold = Hold(database)
        try await hold.wait()
        async let accepted: Void = database.write { transaction throws(StorageError) in
            try transaction.insert(Self.table, id: TestDatabase.id(1), [:])
        }
        try await eventually { database.writesWaiting == 1 }
        let closed = Mailbox<Void>()
        let closing = Thread.spawn(name: "close") {
            database.close()
            closed.put(())
        }
        try await eventually { database.isClosing }
        #expect(await thrown { () throws(StorageError) in try await database.write { _ in } } == .closed)
        await hold.release()
        try await accepted
        try await eventually { closed.count > 0 }
        closing.join()
        let again = try Database(test.location)
        #expect(try await again.read { t throws(StorageError) in try t.count(Self.table) } == 1)
        again.close()
    }
}
