import PylonSimulation
import PylonTestSupport
import PylonTime
import Testing

@Suite struct NewestBySubscriberTests {
    private func subscriber(_ number: Int) -> SubscriberID { SubscriberID("u\(number)") }

    /// The same by a plain list.
    private struct Model {
        var entries: [(subscriber: SubscriberID, value: Int)] = []

        mutating func put(_ value: Int, _ subscriber: SubscriberID, maximum: Int) {
            remove(subscriber)
            entries.append((subscriber, value))
            if entries.count > maximum { entries.removeFirst() }
        }

        mutating func remove(_ subscriber: SubscriberID) { entries.removeAll { $0.subscriber == subscriber } }
    }

    @Test(arguments: [1, 3, 40])
    func itDoesWhatAPlainListDoes(maximum: Int) {
        var chance = SeededGenerator(seed: testSeed())
        var list = NewestBySubscriber<Int>(countMaximum: maximum)
        var model = Model()
        for step in 0..<5000 {
            let who = subscriber(Int(chance.next() % UInt64(maximum * 2)))
            switch chance.next() % 8 {
            case 0..<5:
                list.put(step, for: who)
                model.put(step, who, maximum: maximum)
            case 5:
                list.remove(who)
                model.remove(who)
            case 6:
                list.update(who) { $0 += 1 }
                model.entries = model.entries.map { $0.subscriber == who ? ($0.subscriber, $0.value + 1) : $0 }
            default:
                let limit = step - maximum
                let removed = list.removeOldest { $0 < limit }
                let kept = model.entries.drop { $0.value < limit }
                #expect(removed == model.entries.prefix(model.entries.count - kept.count).map(\.subscriber))
                model.entries = Array(kept)
            }
            #expect(list.all.map(\.subscriber) == model.entries.map(\.subscriber))
            #expect(list.all.map(\.value) == model.entries.map(\.value))
            #expect(list.count == model.entries.count && list.isEmpty == model.entries.isEmpty)
            #expect(list.oldest == model.entries.first?.value)
            #expect(list[who] == model.entries.first { $0.subscriber == who }?.value)
        }
    }
}
