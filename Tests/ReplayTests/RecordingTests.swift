import Glibc
import PylonJSON
import PylonReplay
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonThreading
import PylonTime
import Testing

@Suite struct RecordingTests {
    private let folder = RecordingsFolder()
    private let clock = ManualClock()

    private func recordings(_ change: (inout RecordingSettings) -> Void = { _ in }) throws -> Recordings {
        var settings = RecordingSettings(folder: folder.path)
        change(&settings)
        return try Recordings(settings, clock: clock)
    }

    /// Lets the writer do everything, and ends it.
    private func settle(_ recordings: Recordings, _ thread: PylonThreading.Thread) {
        recordings.close()
        thread.join()
    }

    /// A recording of so many ticks.
    private func record(ticks: Int, seed: UInt64, hashTicks: Int64 = 5) throws -> [UInt8] {
        let recordings = try recordings()
        let thread = recordings.start()
        var chance = SeededGenerator(seed: seed)
        let recorded = try RecordedShard(
            TideWorld(seed: 9), WorldState(), recordings: recordings, clock: clock, seed: 9,
            config: ["record": true, "record_hash_ticks": .integer(hashTicks)])
        try recorded.run(ticks: ticks, chance: &chance)
        recorded.end()
        settle(recordings, thread)
        return try folder.bytes(try #require(folder.files.last))
    }

    /// Defect 20 of spec/realtime.md: there, a replay applies inputs one tick late and steps by wall time.
    @Test func aReplayIsExact() throws {
        let bytes = try record(ticks: 2000, seed: testSeed())
        let report = try replay(bytes)
        #expect(report.divergedAt == nil)
        #expect(report.problem == nil)
        #expect(report.ticks == 2000)
        #expect(report.checkpoints == 401)
        #expect(report.exactUntil == 2000)
        #expect(report.inputs > 1000)
        #expect(report.ending == .end(.shardEnded))
    }

    @Test func aDivergenceIsNamedToTheTickWhereEveryTickHasAHash() throws {
        let bytes = try record(ticks: 100, seed: testSeed(), hashTicks: 1)
        let report = try replay(bytes, turnsOtherwiseAt: 61)
        #expect(report.divergedAt == 61)
        #expect(report.exactUntil == 60)
        #expect(report.lastTick == 61)
        #expect(!report.isExact)
        let coarse = try replay(try record(ticks: 100, seed: 1, hashTicks: 10), turnsOtherwiseAt: 61)
        #expect(coarse.divergedAt == 70)
        #expect(coarse.exactUntil == 60)
    }

    @Test func aRangeComparesWithinItOnly() throws {
        let bytes = try record(ticks: 100, seed: testSeed(), hashTicks: 1)
        let report = try replay(bytes, Tick(40)...Tick(50))
        #expect(report.checkpoints == 11)
        #expect(report.lastTick == 50)
        #expect(report.isExact)
        #expect(try replay(bytes, turnsOtherwiseAt: 61, Tick(0)...Tick(60)).isExact)
    }

    @Test func aFileCutAtAnyByteIsReadUpToThere() throws {
        let bytes = try record(ticks: 400, seed: testSeed())
        let whole = try replay(bytes)
        var ticks: Set<UInt64> = []
        for count in 0..<bytes.count {
            let cut = Array(bytes.prefix(count))
            guard let report = try? replay(cut) else {
                // Only within the header can nothing be said.
                #expect(ticks.isEmpty, "cut at \(count)")
                continue
            }
            #expect(report.isExact, "cut at \(count): \(report.text)")
            #expect(report.ending != .end(.shardEnded))
            ticks.insert(report.ticks)
        }
        // Block by block, and all of it in the end.
        #expect(ticks.contains(0) && ticks.contains(whole.ticks) && ticks.count > 10)
    }

    @Test func aFlippedBitIsNoticed() throws {
        let bytes = try record(ticks: 60, seed: testSeed())
        let whole = try replay(bytes)
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let report = try? replay(damaged) else { continue }
            // A kind that nobody knows would be passed over, were it not under the CRC.
            #expect(report.ending != whole.ending, "bit \(bit)")
            #expect(report.isExact, "bit \(bit): \(report.text)")
        }
    }

    @Test func segmentsBeginWithAStateAndTheOldestGo() throws {
        let recordings = try recordings { $0.shardBytesMaximum = 65_536 }
        let thread = recordings.start()
        var chance = SeededGenerator(seed: testSeed())
        let recorded = try RecordedShard(
            TideWorld(seed: 9), WorldState(), recordings: recordings, clock: clock, seed: 9)
        try recorded.run(ticks: 20_000, chance: &chance)
        recorded.end()
        settle(recordings, thread)
        let files = folder.files
        #expect((3...5).contains(files.count))
        #expect(recordings.counters.segmentsDropped.value > 5)
        #expect(Int(recordings.counters.segments.value - recordings.counters.segmentsDropped.value) == files.count)
        var last: UInt64?
        var total = 0
        for file in files {
            let bytes = try folder.bytes(file)
            total += bytes.count
            let report = try replay(bytes)
            #expect(report.isExact && report.checkpoints > 0, "\(file): \(report.text)")
            // Together they are one run.
            if let last { #expect(report.firstTick == last) }
            last = report.lastTick
        }
        #expect(last == 20_000)
        #expect(total <= 65_536 + 2048)
    }

    @Test func whatIsOlderThanTheWindowGoes() throws {
        let recordings = try recordings { $0.window = .seconds(60) }
        let thread = recordings.start()
        var chance = SeededGenerator(seed: testSeed())
        let recorded = try RecordedShard(
            TideWorld(seed: 9), WorldState(), recordings: recordings, clock: clock, seed: 9,
            config: ["record_hash_ticks": 5])
        // Ten minutes.
        try recorded.run(ticks: 12_000, chance: &chance)
        recorded.end()
        settle(recordings, thread)
        let reports = try folder.files.map { try replay(try folder.bytes($0)) }
        #expect(reports.allSatisfy { $0.isExact })
        let ticks = reports.reduce(0) { $0 + $1.ticks }
        // The last minute, and no more than a segment before it.
        #expect((1200...1600).contains(ticks), "\(ticks) ticks are kept")
    }

    @Test func aWriterThatIsBehindLeavesAGapAndTheNextSegmentIsWhole() throws {
        let recordings = try recordings { $0.shardBytesMaximum = 1 << 30 }
        let recorded = try RecordedShard(
            TideWorld(seed: 9), WorldState(), recordings: recordings, clock: clock, seed: 9)
        recorded.join("a")
        let text = String(repeating: "x", count: 100_000)
        // The writer does not run yet: eight megabytes may wait.
        for _ in 0..<100 {
            try recorded.input(["push": 1, "pad": .string(text)], from: "a")
            recorded.step()
        }
        #expect(recordings.counters.blocksLost.value > 10)
        let thread = recordings.start()
        let isTaken = Mailbox<Bool>()
        // What waited is written when this is.
        #expect(recordings.submit { isTaken.put(true) })
        #expect(try isTaken.next())
        for _ in 0..<100 { recorded.step() }
        recorded.end()
        settle(recordings, thread)
        let reports = try folder.files.map { try replay(try folder.bytes($0)) }
        #expect(reports.count == 2)
        #expect(reports.allSatisfy { $0.isExact }, "\(reports.map(\.text))")
        #expect(reports[0].ticks < 100)
        #expect(reports[1].lastTick == 200)
        #expect(reports[1].ending == .end(.shardEnded))
    }

    @Test func aDiskThatIsFullCostsTheRecordingAndNothingElse() throws {
        let recordings = try recordings()
        // The first segment goes to a device that is always full.
        let startedAt = clock.microsecondsSinceEpoch()
        #expect(symlink("/dev/full", "\(folder.path)/s~\(startedAt)~0.pylr") == 0)
        let thread = recordings.start()
        var chance = SeededGenerator(seed: testSeed())
        let recorded = try RecordedShard(
            TideWorld(seed: 9), WorldState(), recordings: recordings, clock: clock, seed: 9)
        while recordings.counters.writesFailed.value == 0 { try recorded.run(ticks: 1, chance: &chance) }
        // A second later another segment begins, from a state.
        try recorded.run(ticks: 1000, chance: &chance)
        recorded.end()
        settle(recordings, thread)
        let report = try replay(try folder.bytes(try #require(folder.files.last)))
        #expect(report.firstTick > 0)
        #expect(report.isExact && report.checkpoints > 10, "\(report.text)")
        #expect(report.ending == .end(.shardEnded))
        #expect(recorded.shard.tick.number == report.lastTick)
    }

    @Test func aWorldThatCannotBeSavedIsRecordedFromItsStartUntilTheRoomIsUsedUp() throws {
        let recordings = try recordings { $0.shardBytesMaximum = 65_536 }
        let thread = recordings.start()
        let recorded = try RecordedShard(
            OpenWorld(), WorldState<OpenWorld>(), recordings: recordings, clock: clock)
        recorded.join("a")
        for number in 0..<20_000 {
            try recorded.input(.integer(Int64(number)), from: "a")
            recorded.step()
        }
        recorded.end()
        settle(recordings, thread)
        #expect(recordings.counters.outOfRoom.value == 1)
        let files = folder.files
        #expect(files.count == 1)
        var recording = try RecordingReader(try folder.bytes(files[0]))
        let setup = ShardSetup(id: "s", config: .null, seed: 0, clock: clock)
        let report = try Replayer<OpenWorld>.report(
            of: &recording, WorldState(), setup: setup, configuration: ShardConfiguration(), range: Tick(0)...Tick(.max)
        ) { _ in OpenWorld() }
        #expect(report.isExact && report.checkpoints > 100)
        #expect(report.ending == .end(.outOfRoom))
        #expect(report.ticks < 20_000)
    }

    @Test(arguments: ["s", "a/../b", "ä~%", ".", String(repeating: "/", count: 128)])
    func anyIdHasAFileOfItsOwn(_ id: String) throws {
        let recordings = try recordings()
        let thread = recordings.start()
        let recorded = try RecordedShard(
            TideWorld(seed: 9), WorldState(), recordings: recordings, clock: clock, id: id, seed: 9)
        recorded.step()
        recorded.end()
        settle(recordings, thread)
        let files = folder.files
        #expect(files.count == 1)
        #expect(try RecordingReader(try folder.bytes(files[0])).header.shard == id)
    }

    @Test func whatIsNoRecordingIsRefused() {
        #expect(throws: RecordingError.notARecording) { try RecordingReader([]) }
        #expect(throws: RecordingError.notARecording) { try RecordingReader(Array("{\"a\":1}".utf8)) }
        #expect(throws: RecordingError.headerDamaged) { try RecordingReader(RecordingBlock.magic) }
        var newer = RecordingBlock.magic
        newer[7] = 2
        #expect(throws: RecordingError.unsupportedVersion(2)) { try RecordingReader(newer) }
    }
}
