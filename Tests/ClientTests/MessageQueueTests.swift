internal import PylonTestSupport
internal import PylonTime
internal import Testing

@testable internal import PylonClient

@Suite struct MessageQueueTests {
    private let queue = MessageQueue(statesMaximum: 3, eventsMaximum: 4)

    private func state(_ tick: UInt64, bytes: Int = 1) -> ShardMessage {
        .state(
            ShardState(
                tick: Tick(tick), acknowledged: 0, content: .value(nil), bytesCount: bytes,
                arrived: Instant(nanoseconds: 0)))
    }

    private func event(_ sequence: UInt64) -> ShardMessage { .event(ShardEvent(sequence: sequence, event: nil)) }

    private func acknowledgement(_ sequence: UInt64) -> ShardMessage {
        .acknowledged(InputAcknowledgement(clientSequence: sequence, tick: nil))
    }

    /// What waits, in short.
    private func rest() async -> [String] {
        queue.end()
        var found: [String] = []
        while let message = await queue.next() {
            switch message {
            case .state(let state): found.append("s\(state.tick)")
            case .event(let event): found.append("e\(event.sequence)")
            case .acknowledged(let acknowledgement): found.append("a\(acknowledgement.clientSequence)")
            default: found.append("n")
            }
        }
        return found
    }

    @Test func messagesComeInOrder() async {
        for message in [acknowledgement(1), state(1), event(1), state(2), .status(.live)] {
            #expect(queue.put(message))
        }
        #expect(await rest() == ["a1", "s1", "e1", "s2", "n"])
    }

    @Test func theOldestStatesMakeRoom() async {
        for tick in 1...10 {
            #expect(queue.put(state(UInt64(tick))))
            if tick == 5 { #expect(queue.put(event(1))) }
        }
        #expect(queue.droppedTotal == 7)
        #expect(await rest() == ["e1", "s8", "s9", "s10"])
    }

    @Test func statesAreBoundedInBytesAndTheNewestAlwaysStays() async {
        #expect(queue.put(state(1, bytes: MessageQueue.stateBytesMaximum)))
        #expect(queue.put(state(2, bytes: 1)))
        #expect(queue.put(state(3, bytes: MessageQueue.stateBytesMaximum + 1)))
        #expect(await rest() == ["s3"])
    }

    @Test func eventsAreRefusedBeyondTheirBoundAndNothingElseChanges() async {
        for sequence in 1...4 { #expect(queue.put(event(UInt64(sequence)))) }
        #expect(!queue.put(event(5)))
        #expect(queue.put(state(1)))
        #expect(await rest() == ["e1", "e2", "e3", "e4", "s1"])
    }

    @Test func oneAcknowledgementWaits() async {
        #expect(queue.put(acknowledgement(1)))
        #expect(queue.put(state(1)))
        #expect(queue.put(acknowledgement(2)))
        #expect(await rest() == ["s1", "a2"])
    }

    @Test func noticesAreBounded() async {
        for _ in 0..<1000 { #expect(queue.put(.status(.lost))) }
        #expect(await rest().count == MessageQueue.noticesMaximum)
    }

    @Test func whoWaitsForEventsIsToldWhenTheLastIsRead() async {
        let told = Mailbox<Void>()
        queue.whenEventsAreRead { told.put(()) }
        #expect(told.count == 1, "none waits")
        #expect(queue.put(event(1)))
        #expect(queue.put(event(2)))
        queue.whenEventsAreRead { told.put(()) }
        _ = await queue.next()
        #expect(told.count == 1)
        _ = await queue.next()
        #expect(told.count == 2)
        #expect(queue.put(event(3)))
        _ = await queue.next()
        #expect(told.count == 2, "once")
    }

    @Test func aReaderIsWokenByAMessageAndByTheEnd() async {
        async let first = queue.next()
        async let second = queue.next()
        #expect(queue.put(event(1)))
        #expect(queue.put(event(2)))
        let both = await [first, second]
        #expect(both.count { $0 != nil } == 2)
        async let third = queue.next()
        queue.end()
        #expect(await third == nil)
        #expect(queue.put(event(3)), "taken, and of no effect")
        #expect(await queue.next() == nil)
    }

    @Test func aCancelledReaderReturnsAndTakesNothing() async {
        let reader = Task { await queue.next() == nil }
        reader.cancel()
        #expect(await reader.value)
        #expect(queue.put(event(1)))
        #expect(await rest() == ["e1"])
    }
}
