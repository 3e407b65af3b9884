import PylonTestSupport
import PylonThreading
import Testing

@Suite struct WakeUpsTests {
    /// Notes that it was woken; the number is what had happened by then.
    private final class Sleeper: Wakeable {
        let woken = Mailbox<Int>()
        let events: Lock<Int>

        init(after events: Int = 0) {
            self.events = Lock(events)
        }

        func happen() { events.withLock { $0 += 1 } }

        func wakeNow() { woken.put(events.withLock { $0 }) }
    }

    @Test func aWakeUpThatNobodyHoldsIsGivenAtOnce() {
        let sleeper = Sleeper()
        WakeUps.request(sleeper)
        #expect(sleeper.woken.count == 1)
    }

    @Test func heldWakeUpsAreGivenAtTheEndOfTheOutermost() throws {
        let sleeper = Sleeper()
        let other = Sleeper()
        WakeUps.held {
            WakeUps.held {
                WakeUps.request(sleeper)
                sleeper.happen()
            }
            WakeUps.request(other)
            sleeper.happen()
            #expect(sleeper.woken.count == 0 && other.woken.count == 0)
        }
        #expect(try sleeper.woken.next() == 2)
        #expect(other.woken.count == 1)
        WakeUps.request(sleeper)
        #expect(sleeper.woken.count == 1, "held no longer")
    }

    @Test func aThreadHoldsNobodyElsesWakeUps() {
        let sleeper = Sleeper()
        WakeUps.held {
            Thread.spawn(name: "other") { WakeUps.request(sleeper) }.join()
            #expect(sleeper.woken.count == 1)
        }
        #expect(sleeper.woken.count == 1)
    }
}
