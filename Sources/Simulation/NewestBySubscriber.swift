internal import PylonBytes

/// Something for each of some subscribers, of whom the newest ``countMaximum`` are kept. All operations are O(1), taken together.
package struct NewestBySubscriber<Value: Hashable & Sendable>: Sendable {
    package let countMaximum: Int
    private var entries: [SubscriberID: Entry] = [:]
    /// In the order in which they came; some have been replaced or removed since.
    private var order = Deque<(subscriber: SubscriberID, number: UInt64)>()
    private var numberLast: UInt64 = 0

    private struct Entry: Sendable {
        var value: Value
        let number: UInt64
    }

    /// For `countMaximum` subscribers; the oldest go first.
    package init(countMaximum: Int) {
        self.countMaximum = countMaximum
    }

    package var isEmpty: Bool { entries.isEmpty }
    package var count: Int { entries.count }

    package subscript(subscriber: SubscriberID) -> Value? { entries.isEmpty ? nil : entries[subscriber]?.value }

    /// What has been there the longest.
    package var oldest: Value? {
        for index in 0..<order.count {
            guard let entry = entries[order[index].subscriber], entry.number == order[index].number else { continue }
            return entry.value
        }
        return nil
    }

    /// The entries, oldest first.
    package var all: [(subscriber: SubscriberID, value: Value)] {
        (0..<order.count).compactMap { index in
            guard let entry = entries[order[index].subscriber], entry.number == order[index].number else { return nil }
            return (order[index].subscriber, entry.value)
        }
    }

    /// Notes something for a subscriber in place of what was there, as the newest.
    package mutating func put(_ value: Value, for subscriber: SubscriberID) {
        numberLast += 1
        entries[subscriber] = Entry(value: value, number: numberLast)
        order.append((subscriber, numberLast))
        if entries.count > countMaximum { removeOldest() }
        if order.count > 64 + entries.count * 2 { sweep() }
    }

    /// Changes what there is for a subscriber, whose turn stays as it is.
    package mutating func update(_ subscriber: SubscriberID, _ body: (inout Value) -> Void) {
        guard var entry = entries[subscriber] else { return }
        body(&entry.value)
        entries[subscriber] = entry
    }

    /// Forgets a subscriber.
    package mutating func remove(_ subscriber: SubscriberID) {
        guard !entries.isEmpty, entries.removeValue(forKey: subscriber) != nil, entries.isEmpty else { return }
        order.removeAll()
    }

    /// Forgets the oldest as long as `isOver` says so; returns whose they were.
    @discardableResult
    package mutating func removeOldest(while isOver: (Value) -> Bool) -> [SubscriberID] {
        var removed: [SubscriberID] = []
        while let first = order.first {
            guard let entry = entries[first.subscriber], entry.number == first.number else {
                order.removeFirst()
                continue
            }
            guard isOver(entry.value) else { break }
            order.removeFirst()
            entries[first.subscriber] = nil
            removed.append(first.subscriber)
        }
        return removed
    }

    private mutating func removeOldest() {
        var isFirst = true
        removeOldest { _ in
            defer { isFirst = false }
            return isFirst
        }
    }

    private mutating func sweep() {
        var current = Deque<(subscriber: SubscriberID, number: UInt64)>()
        for index in 0..<order.count where entries[order[index].subscriber]?.number == order[index].number {
            current.append(order[index])
        }
        order = current
    }
}

extension NewestBySubscriber: Hashable {
    package static func == (left: Self, right: Self) -> Bool {
        let (ours, theirs) = (left.all, right.all)
        return ours.count == theirs.count
            && zip(ours, theirs).allSatisfy { $0.subscriber == $1.subscriber && $0.value == $1.value }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(entries.count)
    }
}
