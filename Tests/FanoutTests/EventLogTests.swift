import PylonBytes
import PylonFanout
import PylonNet
import PylonTestSupport
import PylonTime
import Testing

@Suite struct EventLogTests {
    private static let start = EventCursor(100)

    private func log(eventsMaximum: Int = 1000) -> EventLog {
        EventLog(start: Self.start, eventsMaximum: eventsMaximum)
    }

    /// The opening for a WebSocket, taken apart; nil when the cursor is refused.
    private func messages(_ log: inout EventLog, after number: UInt64?) -> [EventMessage]? {
        do throws(EventLog.CursorOutOfRange) {
            let opening = try log.opening(after: number.map { EventCursor($0) }, for: .webSocket)
            return EventMessage.all(in: opening.flatMap { $0.array })
        } catch {
            return nil
        }
    }

    private func oldest(_ log: inout EventLog, refusing number: UInt64) -> UInt64? {
        do throws(EventLog.CursorOutOfRange) {
            _ = try log.opening(after: EventCursor(number), for: .eventStream)
            return nil
        } catch {
            return error.oldest.number
        }
    }

    // MARK: Bytes

    @Test func theBytesAreThoseOfTheProtocol() throws {
        var log = EventLog(start: EventCursor(41), eventsMaximum: 10)
        let batch = log.append([#"{"a":1}"#, "2"])
        #expect(log.last == EventCursor(43))
        let first: [UInt8] = [0x82, 15, 0, 0, 0, 0, 0, 0, 0, 42] + Array(#"{"a":1}"#.utf8)
        let second: [UInt8] = [0x82, 9, 0, 0, 0, 0, 0, 0, 0, 43, 0x32]
        #expect(batch.webSocket?.array == first + second)
        // 22 and 16 bytes of events: 0x26.
        let chunk = "26\r\nid: 42\ndata: {\"a\":1}\n\nid: 43\ndata: 2\n\n\r\n"
        #expect(batch.eventStream?.text == chunk)

        #expect(
            try log.opening(after: EventCursor(41), for: .webSocket).map(\.array) == [
                [0x82, 8, 0, 0, 0, 0, 0, 0, 0, 41], first + second,
            ])
        #expect(
            try log.opening(after: EventCursor(41), for: .eventStream).map(\.text) == ["8\r\nid: 41\n\n\r\n", chunk])
        #expect(
            try log.opening(after: EventCursor(42), for: .webSocket).map(\.array) == [
                [0x82, 8, 0, 0, 0, 0, 0, 0, 0, 42], second,
            ])
        #expect(
            try log.opening(after: EventCursor(42), for: .eventStream).map(\.text) == [
                "8\r\nid: 42\n\n\r\n", "10\r\nid: 43\ndata: 2\n\n\r\n",
            ])
    }

    @Test func onlyTheFormsAskedForAreMade() {
        var log = log()
        let none = log.append(["1"], for: [])
        #expect(none.webSocket == nil && none.eventStream == nil && log.last.number == 101)
        let socket = log.append(["1"], for: .webSocket)
        #expect(socket.webSocket != nil && socket.eventStream == nil)
        let stream = log.append(["1"], for: .eventStream)
        #expect(stream.webSocket == nil && stream.eventStream != nil)
    }

    @Test func aFormIsMadeOnceHoweverManyResume() throws {
        var log = log()
        let batch = log.append(["1", "2"], for: .webSocket)
        for transport in [Transports.webSocket, .eventStream] {
            let first = try log.opening(after: Self.start, for: transport)
            let second = try log.opening(after: Self.start, for: transport)
            #expect(first.count == 2 && first[1] === second[1])
            if transport == .webSocket { #expect(first[1] === batch.webSocket) }
        }
    }

    // MARK: Cursors

    @Test func anEmptyLogContinuesFromItsStartAlone() {
        var log = log()
        #expect(log.oldest.number == 101)
        #expect(messages(&log, after: nil) == [EventMessage(100, "")])
        #expect(messages(&log, after: 100) == [EventMessage(100, "")])
        // One of an older stream, and one of the future.
        #expect(oldest(&log, refusing: 99) == 101)
        #expect(oldest(&log, refusing: 0) == 101)
        #expect(oldest(&log, refusing: 101) == 101)
        #expect(oldest(&log, refusing: .max) == 101)
    }

    @Test func everyCursorGetsWhatIsBehindItAndNothingElse() {
        var log = log()
        var all: [EventMessage] = []
        for size in [1, 3, 1, 4, 2] {
            let texts = (0..<size).map { "\"\(all.count + $0)\"" }
            _ = log.append(texts)
            for text in texts { all.append(EventMessage(101 + UInt64(all.count), text)) }
        }
        for known in 0...all.count {
            let cursor = 100 + UInt64(known)
            #expect(messages(&log, after: cursor) == [EventMessage(cursor, "")] + all[known...])
        }
        #expect(messages(&log, after: nil) == [EventMessage(111, "")])
        #expect(oldest(&log, refusing: 112) == 101)
        #expect(oldest(&log, refusing: 99) == 101)
    }

    // MARK: Keeping

    /// How many events a step has, and how many of 30 such steps a log of ten is to keep: ten, however they came.
    @Test(arguments: [1, 3, 7, 10, 11, 25]) func theNewestEventsAreKeptHoweverTheyCame(size: Int) {
        var log = log(eventsMaximum: 10)
        for step in 0..<30 {
            _ = log.append((0..<size).map { String(step * size + $0) })
            let last = 100 + UInt64((step + 1) * size)
            let kept = min(10, UInt64((step + 1) * size))
            #expect(log.last.number == last && log.oldest.number == last - kept + 1, "step \(step)")
            let texts = messages(&log, after: last - kept)?.dropFirst().map(\.text)
            #expect(texts == (Int(last - 100 - kept)..<Int(last - 100)).map { String($0) }, "step \(step)")
            #expect(oldest(&log, refusing: last - kept - 1) == last - kept + 1, "step \(step)")
        }
    }

    @Test func aLogOfNothingServesThoseWhoHaveEverything() {
        var log = log(eventsMaximum: 0)
        _ = log.append(["1", "2"])
        #expect(log.oldest.number == 103)
        #expect(messages(&log, after: 102) == [EventMessage(102, "")])
        #expect(oldest(&log, refusing: 101) == 103)
    }

    @Test func theOldestGoWhenTheyAreTooManyBytes() {
        var log = log()
        let text = "\"" + String(repeating: "x", count: 100_000) + "\""
        for _ in 0..<60 { _ = log.append([text], for: .webSocket) }
        // JSON, its WebSocket form, where it ends, and the bookkeeping of a run.
        let kept = EventLog.bytesMaximum / (text.utf8.count * 2 + 18 + 8 + 256)
        #expect(log.oldest.number == 160 - UInt64(kept) + 1)
        #expect(messages(&log, after: 160 - UInt64(kept))?.count == kept + 1)
        #expect(messages(&log, after: 160 - UInt64(kept) - 1) == nil)
    }

    @Test func aStepThatIsTooLargeByItselfIsSentButNotKept() {
        var log = log()
        _ = log.append(["1"])
        let batch = log.append([String(repeating: "9", count: EventLog.bytesMaximum)], for: .webSocket)
        #expect(batch.webSocket != nil && log.last.number == 102 && log.oldest.number == 103)
        #expect(messages(&log, after: 102) == [EventMessage(102, "")])
        #expect(oldest(&log, refusing: 101) == 103)
    }

    /// A client is cut off when more than its budget waits, so each form of what is kept has to be more than that, however small or
    /// large the events are: otherwise it is told to resume and never can.
    @Test(arguments: [1, 10, 100, 1000, 30_000]) func whoWasCutOffForItsBudgetCanResume(eventBytes: Int) throws {
        var log = EventLog(start: EventCursor(1_700_000_000_000_000), eventsMaximum: 1_000_000)
        let text = "\"" + String(repeating: "x", count: max(0, eventBytes - 2)) + "\""
        let all: Transports = [.webSocket, .eventStream, .webSocketV2, .eventStreamV2]
        while log.oldest.number == 1_700_000_000_000_001 { _ = log.append([text], for: all) }
        let cursor = EventCursor(log.oldest.number - 1)
        for transport in [Transports.webSocket, .eventStream, .webSocketV2, .eventStreamV2] {
            let opening = try log.opening(after: cursor, for: transport)
            #expect(opening.reduce(0) { $0 + $1.count } > EventQueue.bytesMaximum * 5 / 4, "\(transport)")
            #expect(opening.count < 400, "\(transport)")
        }
    }

    /// Joining runs changes neither their order nor a byte.
    @Test func aLongTailIsAFewBuffersAndWhole() throws {
        var generator = SeededGenerator(seed: testSeed())
        var log = log(eventsMaximum: 100_000)
        var all: [EventMessage] = []
        for _ in 0..<3000 {
            let texts = (0..<Int.random(in: 1...3, using: &generator)).map { "\(all.count + $0)" }
            let transports: Transports = Bool.random(using: &generator) ? [.webSocket, .eventStream] : .eventStream
            _ = log.append(texts, for: transports)
            for text in texts { all.append(EventMessage(101 + UInt64(all.count), text)) }
        }
        for known in [0, 1, 2, 500, 1717, all.count - 2, all.count - 1, all.count] {
            let cursor = 100 + UInt64(known)
            #expect(messages(&log, after: cursor) == [EventMessage(cursor, "")] + all[known...], "after \(known)")
        }
        #expect(try log.opening(after: Self.start, for: .webSocket).count < 40)
    }
}
