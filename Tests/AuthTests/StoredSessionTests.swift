import PylonStorage
import PylonTestSupport
import PylonTime
import Testing

@testable import PylonAuth

/// Sessions that are stored come back, and what has ended does not.
@Suite struct StoredSessionTests {
    private let clock = ManualClock()

    /// Another process on the same database.
    private func reopened(_ database: Database, lifetime: Duration? = nil) async throws -> SessionStore {
        let store = SessionStore(clock: clock)
        try await store.open(database, lifetime: lifetime)
        return store
    }

    private func makeDatabase() throws -> Database {
        try Database(.memory, settings: DatabaseSettings(), clock: clock)
    }

    @Test func aSessionOutlivesItsProcess() async throws {
        let database = try makeDatabase()
        defer { database.close() }
        let before = try await reopened(database)
        let ann = try await before.start(for: "ann")
        let guest = try await before.startGuest()
        let eternal = try await before.start(for: "bob", lifetime: nil)

        let after = try await reopened(database)
        #expect(after.count == 3)
        #expect(after.session(for: ann.token)?.userID == "ann")
        #expect(after.session(for: guest.token)?.userID == guest.userID)
        #expect(after.session(for: guest.token)?.isGuest == true)
        clock.advance(by: SessionStore.lifetime)
        #expect(after.session(for: ann.token) == nil, "it ends when it was to end")
        #expect(after.session(for: eternal.token)?.userID == "bob")
    }

    @Test func whatHasEndedStaysEnded() async throws {
        let database = try makeDatabase()
        defer { database.close() }
        let before = try await reopened(database)
        let ended = try await before.start(for: "ann")
        let kept = try await before.start(for: "ann")
        let purged = try await before.start(for: "bob")
        let brief = try await before.start(for: "cat", lifetime: .seconds(60))
        let wasThere = try await before.end(ended.token)
        let count = try await before.endAll(of: "bob")
        #expect(wasThere && count == 1)
        clock.advance(by: .seconds(60))

        let after = try await reopened(database)
        #expect(after.count == 1)
        #expect(after.session(for: kept.token)?.userID == "ann")
        for token in [ended.token, purged.token, brief.token] { #expect(after.session(for: token) == nil) }
    }

    @Test func theOldestEndsInTheDatabaseToo() async throws {
        let database = try makeDatabase()
        defer { database.close() }
        let before = try await reopened(database)
        let oldest = try await before.start(for: "ann", lifetime: .seconds(1))
        clock.advance(by: .seconds(1))
        let newest = try await before.start(for: "ann")
        let stored = try await database.read { transaction throws(StorageError) in try transaction.storedSessions() }
        #expect(stored.count == 1 && before.count == 1)
        #expect(before.session(for: oldest.token) == nil && before.session(for: newest.token) != nil)
    }

    /// Defect W12: whoever reads the file is nobody by that.
    @Test func tokensAreNotInTheFile() async throws {
        let database = try makeDatabase()
        defer { database.close() }
        let store = try await reopened(database)
        let ann = try await store.start(for: "ann")
        let stored = try await database.read { transaction throws(StorageError) in try transaction.storedSessions() }
        #expect(stored.map(\.userID) == ["ann"])
        for session in stored {
            #expect(!ann.token.contains(session.tokenHash) && session.tokenHash.utf8.count == 64)
            #expect(store.session(for: session.tokenHash) == nil)
        }
    }

    @Test func whatCannotBeStoredChangesNothing() async throws {
        let database = try makeDatabase()
        let store = try await reopened(database)
        let ann = try await store.start(for: "ann")
        database.close()
        await #expect(throws: StorageError.closed) { try await store.start(for: "bob") }
        await #expect(throws: StorageError.closed) { try await store.end(ann.token) }
        await #expect(throws: StorageError.closed) { try await store.endAll(of: "ann") }
        #expect(store.count == 1 && store.session(for: ann.token)?.userID == "ann")
        let wasThere = try await store.end("pylon_unknown")
        #expect(!wasThere, "asks the database for nothing")
    }

    /// Defect of a first draft: a session that had to go for one that could not be stored was gone in memory and there in the database.
    @Test func whoWasToGoForOneThatIsNotStoredStays() async throws {
        let database = try makeDatabase()
        let store = try await reopened(database)
        let oldest = try await store.start(for: "ann", lifetime: .seconds(1))
        let other = try await store.start(for: "ann", lifetime: nil)
        clock.advance(by: .seconds(1))
        database.close()
        await #expect(throws: StorageError.closed) { try await store.start(for: "bob") }
        #expect(store.count == 2, "as many as are stored")
        #expect(store.session(for: oldest.token) == nil, "it has expired all the same")
        #expect(store.session(for: other.token)?.userID == "ann")
    }

    @Test func aStricterManifestEndsOldSessionsSooner() async throws {
        let database = try makeDatabase()
        defer { database.close() }
        let before = try await reopened(database)
        let first = try await before.start(for: "ann", lifetime: nil)
        clock.advance(by: .seconds(60))
        let second = try await before.start(for: "ann", lifetime: .seconds(90))
        let third = try await before.start(for: "ann", lifetime: .seconds(30))

        let after = try await reopened(database, lifetime: .seconds(60))
        #expect(after.count == 2 && after.session(for: first.token) == nil)
        clock.advance(by: .seconds(30))
        #expect(after.session(for: second.token) != nil && after.session(for: third.token) == nil)
        clock.advance(by: .seconds(30))
        #expect(after.session(for: second.token) == nil)
    }

    @Test func noMoreAreBegunAtATimeThanTheDatabaseIsToBearFor() async throws {
        let database = try makeDatabase()
        defer { database.close() }
        let store = try await reopened(database)
        // The writer is at something else: what is begun now waits.
        let release = Mailbox<Bool>()
        let (entered, isEntered) = AsyncStream<Void>.makeStream()
        async let isReleased = database.write { _ throws(StorageError) in
            isEntered.finish()
            return (try? release.next()) ?? false
        }
        for await _ in entered {}
        let (outcomes, outcome) = AsyncStream<StorageError?>.makeStream()
        let refused = 8
        for _ in 0..<SessionStore.startsUnderWayMaximum + refused {
            Task {
                do throws(StorageError) {
                    _ = try await store.startGuest()
                    outcome.yield(nil)
                } catch {
                    outcome.yield(error)
                }
            }
        }
        var heard: [StorageError?] = []
        for await error in outcomes {
            heard.append(error)
            if heard.count == refused { release.put(true) }
            if heard.count == SessionStore.startsUnderWayMaximum + refused { break }
        }
        #expect(heard.prefix(refused).allSatisfy { $0 == .overloaded })
        #expect(heard.dropFirst(refused).allSatisfy { $0 == nil })
        #expect(try await isReleased)
        #expect(store.count == SessionStore.startsUnderWayMaximum)
    }
}
