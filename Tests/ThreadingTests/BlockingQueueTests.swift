import PylonTestSupport
import PylonThreading
import Testing

@Suite struct BlockingQueueTests {
    @Test(arguments: 0...3) func aFullQueueRefusesAndAnEmptiedOneTakesAgain(capacity: Int) {
        let queue = BlockingQueue<Int>(capacity: capacity)
        for number in 0..<capacity { #expect(queue.push(number)) }
        #expect(!queue.push(99))
        guard capacity > 0 else { return }
        #expect(queue.popAll() == Array(0..<capacity))
        #expect(queue.push(7))
        #expect(queue.popAll() == [7])
    }

    @Test func aClosedQueueRefusesAndGivesWhatIsLeftThenNil() {
        let queue = BlockingQueue<String>(capacity: 4)
        #expect(queue.push("left"))
        queue.close()
        #expect(!queue.push("late"))
        #expect(queue.popAll() == ["left"])
        #expect(queue.popAll() == nil)
        #expect(queue.popAll() == nil)
    }

    @Test func aSleepingConsumerIsWokenByAnElementAndByTheEnd() throws {
        let queue = BlockingQueue<Int>(capacity: 1)
        let received = Mailbox<[Int]?>()
        let consumer = Thread.spawn(name: "consumer") {
            while let batch = queue.popAll() { received.put(batch) }
            received.put(nil)
        }
        for number in 1...100 {
            #expect(queue.push(number))
            #expect(try received.next() == [number])
        }
        queue.close()
        #expect(try received.next() == nil)
        consumer.join()
    }

    @Test func elementsOfOneProducerKeepTheirOrder() throws {
        let queue = BlockingQueue<(producer: Int, number: Int)>(capacity: .max)
        let producers = (0..<3).map { producer in
            Thread.spawn(name: "producer") {
                for number in 0..<5000 { _ = queue.push((producer, number)) }
            }
        }
        var next = [0, 0, 0]
        while next.reduce(0, +) < 15_000 {
            for element in try #require(queue.popAll()) {
                #expect(element.number == next[element.producer])
                next[element.producer] += 1
            }
        }
        producers.forEach { $0.join() }
    }
}
