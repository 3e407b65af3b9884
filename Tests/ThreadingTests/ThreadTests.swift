import Glibc
import PylonThreading
import Testing

@Suite struct ThreadTests {
    @Test func aThreadThatGivesWayIsNicerThanOthers() {
        let niceness = Lock<[Int32]>([])
        Thread.spawn(name: "nice") {
            let before = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
            Thread.giveWay()
            let after = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
            niceness.withLock { $0 = [before, after] }
        }.join()
        let (before, after) = niceness.withLock { ($0[0], $0[1]) }
        // 19 is as nice as can be.
        #expect(after == min(before + 10, 19))
    }

    private func nameSeenInside(_ name: String) -> String {
        final class Seen: Sendable {
            let name = Lock("")
        }
        let seen = Seen()
        let thread = Thread.spawn(name: name) {
            let name = currentName()
            seen.name.withLock { $0 = name }
        }
        thread.join()
        return seen.name.withLock { $0 }
    }

    @Test func aThreadBearsItsName() {
        #expect(nameSeenInside("shard-3") == "shard-3")
    }

    @Test func aLongNameIsCutToFifteenBytes() {
        #expect(nameSeenInside("a-name-of-more-than-fifteen") == "a-name-of-more-")
    }

    @Test func joinWaitsForTheEndOfTheBody() {
        final class Work: Sendable {
            let done = Lock(0)
        }
        let work = Work()
        for round in 1...20 {
            let thread = Thread.spawn(name: "worker") {
                for _ in 0..<1000 { work.done.withLock { $0 += 1 } }
            }
            thread.join()
            #expect(work.done.withLock { $0 } == round * 1000)
        }
    }
}

/// The calling thread's name, as the kernel keeps it.
private func currentName() -> String {
    let descriptor = open("/proc/thread-self/comm", O_RDONLY)
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 32)
    let count = read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer[..<max(count, 0)].prefix { $0 != 10 }, as: UTF8.self)
}
