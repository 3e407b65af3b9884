internal import PylonTestSupport
internal import PylonThreading
internal import Testing
@testable internal import PylonStorage

@Suite struct WorkQueueTests {
    private let taker = WorkQueue<Int>.Taker()

    @Test func `jobs are taken in order, one after the other or those that belong together`() {
        let queue = WorkQueue<Int>(capacity: 8)
        for number in [1, 2, 4, 6, 7, 8] { #expect(queue.push(number) == nil) }
        let even: (Int) -> Bool = { $0.isMultiple(of: 2) }
        #expect(queue.pop(3, by: taker, while: even) == [1], "alone, as it does not belong with others")
        #expect(queue.pop(2, by: taker, while: even) == [2, 4])
        #expect(queue.pop(3, by: taker, while: even) == [6])
        #expect(queue.popWaiting(8) == [7, 8])
    }

    @Test func `whoever gathers is woken when there are enough, or when there will be no more`() throws {
        let queue = WorkQueue<Int>(capacity: 8)
        let taken = Mailbox<[Int]>()
        let thread = Thread.spawn(name: "taker") {
            let taker = WorkQueue<Int>.Taker()
            while true {
                let first = queue.pop(1, by: taker)
                if first.isEmpty { return }
                queue.gather(2, by: taker, for: .seconds(60))
                taken.put(first + queue.popWaiting(8))
            }
        }
        for number in 1...3 { #expect(queue.push(number) == nil) }
        #expect(try taken.next() == [1, 2, 3])
        #expect(queue.push(4) == nil)
        queue.close()
        #expect(try taken.next() == [4])
        thread.join()
    }

    @Test func `whoever gathers goes on when the time is up`() {
        let queue = WorkQueue<Int>(capacity: 8)
        queue.gather(1, by: taker, for: .milliseconds(1))
        #expect(queue.push(1) == nil)
        #expect(queue.pop(1, by: taker) == [1])
    }

    /// Every thread that takes a job keeps it until the test lets it go: the others have to be woken for the rest.
    @Test func `sleepers are woken for everything that is left`() throws {
        let queue = WorkQueue<Int>(capacity: 100)
        let taken = Mailbox<Int>()
        let goOn = Mailbox<Void>()
        let threads = (0..<4).map { _ in
            Thread.spawn(name: "taker") {
                let taker = WorkQueue<Int>.Taker()
                while let job = queue.pop(1, by: taker).first {
                    taken.put(job)
                    _ = try? goOn.next()
                }
            }
        }
        WakeUps.held {
            for number in 0..<4 { #expect(queue.push(number) == nil) }
        }
        #expect(try taken.take(4).sorted() == [0, 1, 2, 3])
        for _ in 0..<4 { goOn.put(()) }
        for round in 1..<100 {
            #expect(queue.push(round) == nil)
            #expect(try taken.next() == round)
            goOn.put(())
        }
        queue.close()
        threads.forEach { $0.join() }
    }
}
