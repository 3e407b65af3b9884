import PylonThreading
import Testing

@Suite struct LockTests {
    @Test func severalThreadsLoseNoUpdate() {
        final class Shared: Sendable {
            let total = Lock(0)
        }
        let shared = Shared()
        let threads = (0..<4).map { index in
            Thread.spawn(name: "adder-\(index)") {
                for _ in 0..<20_000 { shared.total.withLock { $0 += 1 } }
            }
        }
        threads.forEach { $0.join() }
        #expect(shared.total.withLock { $0 } == 80_000)
    }

    @Test func theBodysErrorGoesOnAndLeavesTheLockFree() {
        struct Refusal: Error, Equatable {}
        let lock = Lock(1)
        #expect(throws: Refusal()) {
            try lock.withLock { (state: inout Int) throws(Refusal) -> Void in
                state = 2
                throw Refusal()
            }
        }
        #expect(lock.withLock { $0 } == 2)
    }

    @Test func theStateIsReleasedWithTheLock() {
        final class Token: Sendable {}
        weak var token: Token?
        do {
            let fresh = Token()
            token = fresh
            let lock = Lock(fresh)
            #expect(lock.withLock { $0 === token })
        }
        #expect(token == nil)
    }
}
