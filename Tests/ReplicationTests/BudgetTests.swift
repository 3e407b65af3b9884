import PylonSimulation
import PylonTime
import Testing

@testable import PylonReplication

/// Frames that may not hold everything.
struct BudgetTests {
    @Test func aBudgetIsKeptAndNobodyStarves() throws {
        let setup = try ReplicaSetup()
        let ids = try (0..<100).map { try setup.table.spawn(0, at: Vector3(Double($0 * 8), 100)) }
        let interest = Interest(centre: .position(Vector3(0, 100)), shape: .sphere(radius: 2000))
        let handle = try setup.add("a", interest, bytesPerFrame: 60)
        let decoder = ReplicaDecoder(schema: setup.table.schema)
        var shownLast: [UInt32: UInt64] = [:]
        var wait: UInt64 = 0
        for tick in 1...300 as ClosedRange<UInt64> {
            for id in ids { setup.table.move(id, to: Vector3(Double(id.slot * 8) + Double(tick) / 2, 100)) }
            let frame = try #require(setup.step()[handle])
            #expect(frame.bytes.count <= 60)
            decoder.onEvent = { event in
                switch event {
                case .entered(let id), .changed(let id): shownLast[id.slot] = tick
                case .left: Issue.record("nothing leaves")
                }
            }
            try decoder.apply(frame)
            setup.acknowledge(handle)
            if tick > 150 { wait = max(wait, ids.reduce(0) { max($0, tick - shownLast[$1.slot, default: 0]) }) }
        }
        // 100 entities of 3 bytes through 60 bytes: each every fifth tick if all were alike; the farthest are a 25th as urgent.
        #expect(decoder.count == 100)
        #expect(wait < 60)
        // What is near is shown more often.
        #expect(setup.replicator.counters.entitiesStarved > 0)
        // As soon as everything fits, everything is there.
        setup.replicator.setBytesPerFrame(handle, nil)
        try decoder.apply(try #require(setup.step()[handle]))
        for id in ids { #expect(decoder.entity(id)?.position == setup.table.position(of: id)) }
    }

    @Test func whatWaitsLongerThanTheHistoryComesWhole() throws {
        let setup = try ReplicaSetup(historyTicks: 4)
        let ids = try (0..<60).map { try setup.table.spawn(0, at: Vector3(Double($0), 100)) }
        let handle = try setup.add("a")
        let decoder = ReplicaDecoder(schema: setup.table.schema)
        try decoder.apply(try #require(setup.step()[handle]))
        setup.acknowledge(handle)
        setup.replicator.setBytesPerFrame(handle, 20)
        for tick in 2...80 as ClosedRange<UInt64> {
            if tick < 30 { for id in ids { setup.table.move(id, to: Vector3(Double(id.slot), Double(tick * 9))) } }
            try decoder.apply(try #require(setup.step()[handle]))
            setup.acknowledge(handle)
        }
        for id in ids { #expect(decoder.entity(id)?.position == setup.table.position(of: id)) }
    }

    @Test func whatLeavesAndWhatIsOwnedComesEvenBeyondTheBudget() throws {
        let setup = try ReplicaSetup()
        let ids = try (0..<100).map { try setup.table.spawn(0, at: Vector3(Double($0 * 8), 100)) }
        let handle = try setup.add("a")
        let decoder = ReplicaDecoder(schema: setup.table.schema)
        try decoder.apply(try #require(setup.step()[handle]))
        setup.acknowledge(handle)
        setup.replicator.setBytesPerFrame(handle, 1)
        for id in ids where id.slot % 2 == 0 { setup.table.despawn(id) }
        for id in ids { setup.table.set(0, of: id, to: 1) }
        setup.table.setOwner(of: ids[1], to: SubscriberID("a"))
        try decoder.apply(try #require(setup.step()[handle]))
        #expect(decoder.slots == (0..<50).map { $0 * 2 + 1 })
        #expect(decoder[0].isOwned && decoder[0].value(0) == .integer(1) && decoder[1].value(0) == .integer(0))
    }

    @Test func noFrameIsLargerThanTheLimit() throws {
        var limits = ReplicationLimits()
        limits.frameBytesMaximum = 200
        let setup = try ReplicaSetup(limits: limits)
        for index in 0..<500 { _ = try setup.table.spawn(0, at: Vector3(Double(index), 100)) }
        let handle = try setup.add("a", bytesPerFrame: 1_000_000)
        let decoder = ReplicaDecoder(schema: setup.table.schema)
        for _ in 0..<40 {
            let frame = try #require(setup.step()[handle])
            #expect(frame.bytes.count <= 200)
            try decoder.apply(frame)
            setup.acknowledge(handle)
        }
        #expect(decoder.count == 500)
    }

    @Test func theMostUrgentIsChosenFirst() {
        var selection = Selection()
        let subscriber = ReplicaSubscriber(owner: SubscriberID("a"), serial: 1, interest: .everything)
        selection.begin(subscriber, slotLimit: 10)
        for (slot, urgency) in [(1, 2.0), (3, 5), (4, 1), (7, 5), (9, .infinity)] as [(UInt32, Double)] {
            selection.add(slot: slot, place: Int(slot), isEntering: false, bits: 10, urgency: urgency)
        }
        selection.choose(bits: 30)
        #expect(selection.candidates.filter(\.isSelected).map(\.slot) == [3, 7, 9])
        var hasGivenUp = selection.giveUp(bits: 1)
        #expect(hasGivenUp)
        #expect(selection.candidates.filter(\.isSelected).map(\.slot) == [3, 9])
        var left = selection.finish(subscriber)
        #expect(left == 3)
        #expect(subscriber.pendingSlots == [1, 4, 7] && subscriber.pendingPriorities == [2, 1, 5])
        // What was left out has the more weight; what must be sent cannot be given up.
        selection.begin(subscriber, slotLimit: 10)
        for slot in [1, 4, 9] as [UInt32] {
            selection.add(
                slot: slot, place: Int(slot), isEntering: false, bits: 10, urgency: slot == 9 ? .infinity : 1.5)
        }
        selection.choose(bits: 10)
        #expect(selection.candidates.filter(\.isSelected).map(\.slot) == [9])
        hasGivenUp = selection.giveUp(bits: 100)
        #expect(!hasGivenUp)
        left = selection.finish(subscriber)
        #expect(left == 2)
        #expect(subscriber.pendingPriorities == [3.5, 2.5])
    }
}
