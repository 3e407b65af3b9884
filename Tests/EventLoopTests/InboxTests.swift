import CSystem
import PylonTestSupport
import Testing

@testable import PylonEventLoop

@Suite struct InboxTests {
    private func isReadable(_ inbox: Inbox) -> Bool { csystem_wait_readable(inbox.wakeDescriptor, 0) == 1 }

    private func drained(_ inbox: Inbox) -> Int {
        var batch: [Inbox.Item] = []
        inbox.drain(into: &batch)
        return batch.count
    }

    @Test func theFirstSubmissionWakesAndTheRestGoAlong() throws {
        let inbox = try Inbox()
        #expect(!isReadable(inbox))
        for _ in 0..<3 { inbox.submit(.closure {}) }
        #expect(isReadable(inbox))
        inbox.acknowledgeWake()
        #expect(!isReadable(inbox))
        #expect(drained(inbox) == 3)
        #expect(drained(inbox) == 0)
    }

    @Test func whatComesWhileTheLoopIsAwakeIsDrainedAndTheNextWakesAgain() throws {
        let inbox = try Inbox()
        inbox.submit(.closure {})
        inbox.acknowledgeWake()
        inbox.submit(.closure {})
        #expect(drained(inbox) == 2)
        inbox.submit(.closure {})
        #expect(isReadable(inbox))
    }

    @Test func aTurnTakenForAnotherReasonLeavesNoWakeUpThatCannotBeTaken() throws {
        let inbox = try Inbox()
        inbox.submit(.closure {})
        #expect(drained(inbox) == 1)
        // The poller still reports the write; taking it ends that.
        #expect(isReadable(inbox))
        inbox.acknowledgeWake()
        #expect(!isReadable(inbox))
    }
}
