import PylonSimulation
import PylonTime
import Testing

@testable import PylonReplication

struct ReplicatorTests {
    @Test func thoseWhoSeeTheSameShareABody() throws {
        let setup = try ReplicaSetup()
        for index in 0..<50 { _ = try setup.table.spawn(0, at: Vector3(Double(index * 20), 100)) }
        let here = Interest(centre: .position(Vector3(105, 105)), shape: .sphere(radius: 60))
        let near = Interest(centre: .position(Vector3(110, 100)), shape: .sphere(radius: 60))
        let far = Interest(centre: .position(Vector3(800, 100)), shape: .sphere(radius: 60))
        let handles = [try setup.add("a", here), try setup.add("b", near), try setup.add("c", far)]
        let frames = setup.step()
        #expect(frames[handles[0]]?.shared === frames[handles[1]]?.shared)
        #expect(frames[handles[0]]?.shared !== frames[handles[2]]?.shared)
        #expect(setup.replicator.counters.bodiesPacked == 2)
        // Different histories meet again: one of them missed a tick.
        setup.acknowledge(handles[0])
        setup.table.move(EntityID(slot: 5, generation: 1), to: Vector3(101, 101))
        let second = setup.step()
        #expect(second[handles[0]]?.baseAge == 1 && second[handles[1]]?.baseAge == 0)
        handles.forEach(setup.acknowledge)
        let third = setup.step()
        #expect(third[handles[0]]?.shared === third[handles[1]]?.shared)
        #expect(third[handles[0]]?.isUnchanged == true)
    }

    @Test func whatDoesNotChangeIsNotSent() throws {
        let setup = try ReplicaSetup()
        let ids = try (0..<200).map { try setup.table.spawn(0, at: Vector3(Double($0), 100)) }
        let handle = try setup.add("a")
        let whole = try #require(setup.step()[handle]).body.count
        setup.acknowledge(handle)
        setup.table.set(0, of: ids[150], to: 3)
        let one = try #require(setup.step()[handle])
        #expect(whole > 1000 && one.body.count <= 8 && !one.isUnchanged)
        setup.acknowledge(handle)
        // There and back again is no change.
        setup.table.set(0, of: ids[150], to: 4)
        #expect(setup.step()[handle]?.isUnchanged == false)
        setup.table.set(0, of: ids[150], to: 3)
        #expect(setup.step()[handle]?.isUnchanged == true)
    }

    @Test func anUnchangedZoneNeedsNoFramesHoweverLong() throws {
        let setup = try ReplicaSetup()
        let id = try setup.table.spawn(0, at: Vector3(5, 5), owner: SubscriberID("a"))
        let handle = try setup.add("a")
        let decoder = ReplicaDecoder(schema: setup.table.schema)
        try decoder.apply(try #require(setup.step()[handle]))
        setup.acknowledge(handle)
        setup.sends = false
        for _ in 0..<100 {
            let frame = try #require(setup.step()[handle])
            #expect(frame.isUnchanged && frame.baseAge > 0 && frame.body.count <= 2 && frame.owned.isEmpty)
        }
        setup.sends = true
        setup.table.set(0, of: id, to: 9)
        setup.table.set(1, of: id, to: 10)
        let frame = try #require(setup.step()[handle])
        #expect(frame.baseAge == 101)
        let outcome = try decoder.apply(frame)
        #expect(outcome == .applied && decoder[0].value(0) == .integer(9) && decoder[0].value(1) == .integer(10))
    }

    @Test func withoutAcknowledgementKeyframesBecomeRare() throws {
        let setup = try ReplicaSetup(historyTicks: 8)
        _ = try setup.table.spawn(0, at: Vector3(5, 5))
        let handle = try setup.add("a")
        let ticks = (1...40).filter { _ in setup.step()[handle] != nil }
        #expect(ticks == [1, 2, 4, 8, 16, 24, 32, 40])
        setup.replicator.requestKeyframe(handle)
        #expect(setup.step()[handle]?.baseAge == 0)
    }

    @Test func onlyWhatWasSentCanBeAcknowledged() throws {
        let setup = try ReplicaSetup()
        let id = try setup.table.spawn(0, at: Vector3(5, 5))
        let handle = try setup.add("a")
        setup.step()
        setup.replicator.acknowledge(handle, Tick(7))
        setup.replicator.acknowledge(handle, Tick(0))
        #expect(setup.replicator.counters.acknowledgementsIgnored == 2)
        setup.acknowledge(handle)
        for tick in 2...4 as ClosedRange<UInt64> {
            setup.table.move(id, to: Vector3(Double(tick), 5))
            #expect(setup.step()[handle]?.baseAge == tick - 1)
        }
        setup.replicator.acknowledge(handle, Tick(4))
        setup.replicator.acknowledge(handle, Tick(3))
        setup.table.move(id, to: Vector3(9, 5))
        #expect(setup.step()[handle]?.baseAge == 1)
        // A request makes what is still under way meaningless.
        setup.replicator.requestKeyframe(handle)
        setup.replicator.acknowledge(handle, Tick(5))
        #expect(setup.step()[handle]?.baseAge == 0)
        setup.replicator.remove(handle)
        setup.acknowledge(handle)
        #expect(setup.step().isEmpty && setup.replicator.count == 0)
        let other = try setup.add("b")
        #expect(other != handle)
        setup.replicator.remove(handle)
        #expect(setup.replicator.count == 1)
    }

    @Test func aBaseOlderThanTheHistoryMeansAKeyframe() throws {
        let setup = try ReplicaSetup(historyTicks: 8)
        let id = try setup.table.spawn(0, at: Vector3(5, 5))
        let handle = try setup.add("a")
        setup.step()
        setup.acknowledge(handle)
        for tick in 2...8 as ClosedRange<UInt64> {
            setup.table.move(id, to: Vector3(Double(tick * 10), 5))
            #expect(setup.step()[handle]?.baseAge == tick - 1)
        }
        setup.table.move(id, to: Vector3(200, 5))
        #expect(setup.step()[handle]?.baseAge == 0)
    }

    @Test func viewsInFlightAreBounded() throws {
        var limits = ReplicationLimits()
        limits.viewsInFlightMaximum = 3
        let setup = try ReplicaSetup(limits: limits)
        let id = try setup.table.spawn(0, at: Vector3(5, 5))
        let handle = try setup.add("a")
        setup.step()
        setup.acknowledge(handle)
        for tick in 2...6 as ClosedRange<UInt64> {
            setup.table.move(id, to: Vector3(Double(tick), 5))
            setup.step()
        }
        #expect(setup.replicator.counters.viewsForgotten == 2)
        setup.replicator.acknowledge(handle, Tick(3))
        #expect(setup.replicator.counters.acknowledgementsIgnored == 1)
        #expect(setup.step()[handle]?.baseAge == 6)
    }

    @Test func ownerOnlyFieldsGoToTheOwnerAlone() throws {
        let setup = try ReplicaSetup()
        let near = try setup.table.spawn(0, at: Vector3(100, 100), owner: SubscriberID("a"))
        let far = try setup.table.spawn(0, at: Vector3(1000, 1000), owner: SubscriberID("a"), teams: 0)
        setup.table.set(1, of: near, to: 777)
        setup.table.set(1, of: far, to: 888)
        let interest = Interest(centre: .entity(near), shape: .sphere(radius: 10))
        let (owner, other) = (try setup.add("a", interest), try setup.add("b", interest))
        let (mine, theirs) = (ReplicaDecoder(schema: setup.table.schema), ReplicaDecoder(schema: setup.table.schema))
        var frames = setup.step()
        try mine.apply(try #require(frames[owner]))
        try theirs.apply(try #require(frames[other]))
        #expect(mine.slots == [0, 1] && mine[0].isOwned && mine[1].isOwned)
        #expect(mine[0].value(1) == .integer(777) && mine[1].value(1) == .integer(888))
        #expect(theirs.slots == [0] && !theirs[0].isOwned && theirs[0].value(1) == .integer(0))
        #expect(frames[other]?.owned.isEmpty == true)
        // A change of such a field is news to its owner only.
        [owner, other].forEach(setup.acknowledge)
        setup.table.set(1, of: far, to: 889)
        frames = setup.step()
        #expect(frames[other]?.isUnchanged == true && frames[owner]?.isUnchanged == false)
        try mine.apply(try #require(frames[owner]))
        try theirs.apply(try #require(frames[other]))
        #expect(mine[1].value(1) == .integer(889))
        // Given away, it is another's secret.
        [owner, other].forEach(setup.acknowledge)
        setup.table.setOwner(of: near, to: SubscriberID("b"))
        frames = setup.step()
        try mine.apply(try #require(frames[owner]))
        try theirs.apply(try #require(frames[other]))
        #expect(!mine[0].isOwned && mine[0].value(1) == .integer(0) && mine[1].isOwned)
        #expect(theirs[0].isOwned && theirs[0].value(1) == .integer(777))
    }

    @Test func onlyThoseWhoAreMeantArePacked() throws {
        let setup = try ReplicaSetup()
        _ = try setup.table.spawn(0, at: Vector3(1, 1))
        let (first, second) = (try setup.add("a"), try setup.add("b"))
        setup.table.commit(Tick(1))
        var served: [Replicator.Handle] = []
        func serve(_ handle: Replicator.Handle, _ frame: ReplicaFrame) -> Bool {
            served.append(handle)
            return true
        }
        setup.replicator.encode(setup.table, where: { $0 == second }, deliver: serve)
        #expect(served == [second])
        #expect(setup.replicator.counters.bodiesPacked == 1)
        setup.replicator.encode(setup.table, where: { $0 == first }, deliver: serve)
        #expect(served == [second, first])
    }

    @Test func teamsAndFogDecideWhoSees() throws {
        let setup = try ReplicaSetup()
        let red = try setup.table.spawn(1, at: Vector3(10, 10), teams: 1)
        let blue = try setup.table.spawn(1, at: Vector3(10, 10), teams: 2)
        let both = try setup.table.spawn(1, at: Vector3(10, 10), teams: 3)
        var interest = Interest.everything
        interest.teams = 1
        let first = try setup.add("a", interest)
        interest.teams = 2
        interest.viewKey = 7
        let second = try setup.add("b", interest)
        let third = try setup.add("c", interest)
        var asked = 0
        setup.isVisible = { id, key in
            asked += 1
            return key != 7 || id != both
        }
        let decoders = (0..<3).map { _ in ReplicaDecoder(schema: setup.table.schema) }
        var frames = setup.step()
        for (handle, decoder) in zip([first, second, third], decoders) {
            try decoder.apply(try #require(frames[handle]))
            setup.acknowledge(handle)
        }
        #expect(decoders[0].slots == [red.slot, both.slot] && decoders[1].slots == [blue.slot])
        // Once for each group: two of the first, two of the other, which two subscribers share.
        #expect(asked == 4)
        setup.table.setTeams(of: red, to: 2)
        frames = setup.step()
        for (handle, decoder) in zip([first, second, third], decoders) {
            try decoder.apply(try #require(frames[handle]))
        }
        #expect(decoders[0].slots == [both.slot] && decoders[2].slots == [red.slot, blue.slot])
    }

    @Test func aViewHoldsTheNearestIfItMayNotHoldAll() throws {
        var limits = ReplicationLimits()
        limits.viewEntitiesMaximum = 10
        let setup = try ReplicaSetup(limits: limits)
        for index in 0..<30 { _ = try setup.table.spawn(1, at: Vector3(Double(index) * 32 + 16, 16)) }
        let handle = try setup.add("a", Interest(centre: .position(Vector3(16, 16)), shape: .sphere(radius: 2000)))
        let decoder = ReplicaDecoder(schema: setup.table.schema)
        try decoder.apply(try #require(setup.step()[handle]))
        #expect(decoder.slots == Array(0..<10))
        #expect(setup.replicator.counters.viewsCut == 1)
    }
}
