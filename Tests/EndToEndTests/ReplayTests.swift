internal import Glibc
internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// What a server records, its own command replays.
@Suite(.blocking) struct ReplayTests {
    private let folder = RecordedFolder()

    private func replay(_ file: String, _ flags: [String] = []) throws -> (json: JSONValue, status: Int32?) {
        let process = try ChildProcess(ChildProcess.pylon, ["replay", file, "--json"] + flags)
        let text = try process.readAll()
        return (try JSONParser.parse(text), process.waitForExit(within: TestSocket.patience))
    }

    @Test func aRecordedShardIsReplayedExactly() throws {
        let server = try ServerHarness(environment: ["PYLON_RECORD_DIR": folder.path])
        try server.createShard("m", "counter", #"{"record":true,"record_hash_ticks":1,"tick_rate_hz":100,"seed":7}"#)
        let client = try server.join("m", as: "u1")
        for number in 1...200 {
            try client.send(text: #"{"input":{"add":\#(number)},"client_seq":\#(number)}"#)
        }
        #expect(try client.snapshot { $0.json["acks"]?["u1"]?.int == 200 } != nil)
        let other = try server.join("m", as: "u2")
        try client.sendClose()
        try other.send(text: #"{"input":{"add":-7}}"#)
        #expect(try other.snapshot { $0.json["total"]?.int == 200 * 201 / 2 - 7 } != nil)
        // Far enough for a part of it to end before the end, which has a hash of its own.
        #expect(try other.snapshot { $0.tick >= 10 } != nil)
        let gone = try server.request("DELETE", "/api/shards/m", token: ServerHarness.adminToken)
        #expect(gone.status == 200)
        #expect(try server.metric("pylon_recording_segments_total") == 1)
        #expect(server.stop() == 0)

        let file = try #require(folder.files.first)
        let (json, status) = try replay(file)
        #expect(status == 0)
        #expect(json["diverged_at"]?.isNull == true)
        #expect(json["inputs"]?.int == 201)
        #expect(json["ending"]?.string == "ended")
        let ticks = try #require(json["ticks"]?.int)
        #expect(ticks > 0 && json["checkpoints"]?.int == ticks + 1)
        let (part, _) = try replay(file, ["--from", "2", "--to", "3"])
        #expect(part["checkpoints"]?.int == 2)
        #expect(part["last_tick"]?.int == 3)
    }

    @Test func whatAKilledServerRecordedIsReplayed() throws {
        let server = try ServerHarness(environment: ["PYLON_RECORD_DIR": folder.path, "PYLON_RECORD_MINUTES": "5"])
        // It does not ask for it.
        try server.createShard("m", "counter", #"{"tick_rate_hz":100}"#)
        let client = try server.join("m", as: "u1")
        #expect(try client.nextSnapshot() != nil)
        let bytes = try #require(try server.metric("pylon_recording_bytes_total"))
        try client.send(text: #"{"input":{"add":1},"client_seq":1}"#)
        #expect(try client.snapshot { $0.json["total"]?.int == 1 } != nil)
        // Perhaps a block with the join alone, and certainly one with the input.
        #expect(try server.eventually { try server.metric("pylon_recording_bytes_total") ?? 0 > bytes + 20 })
        server.signal(SIGKILL)
        #expect(server.waitForExit() == 128 + SIGKILL)
        let (json, status) = try replay(try #require(folder.files.first))
        #expect(status == 0)
        #expect(json["ending"]?.string == "cut" || json["ending"]?.string == "torn")
        #expect(json["inputs"]?.int == 1)
    }

    @Test func aShardThatCannotBeRecordedIsRefused() throws {
        let server = try ServerHarness()
        let body = #"{"id":"m","kind":"counter","config":{"record":true}}"#
        let answer = try server.request("POST", "/api/shards", token: ServerHarness.adminToken, body: body)
        #expect(answer.status == 400)
        #expect(answer.json["error"]?["code"]?.string == "INVALID_SHARD_CONFIG")
        #expect(throws: ProcessError.self) { try ServerHarness(environment: ["PYLON_RECORD_MINUTES": "5"]) }
    }

    @Test func whatIsNoRecordingIsSaidToBeNone() throws {
        let process = try ChildProcess(ChildProcess.pylon, ["replay", "/proc/self/exe"])
        #expect(process.waitForExit(within: TestSocket.patience) == 1)
        #expect(process.errors.contains("this is no recording"))
        let missing = try ChildProcess(ChildProcess.pylon, ["replay", "\(folder.path)/none"])
        #expect(missing.waitForExit(within: TestSocket.patience) == 1)
    }
}

/// A folder for recordings that goes with its owner.
final class RecordedFolder: Sendable {
    let path = "/tmp/pylon-recorded-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"

    deinit {
        for file in files { unlink(file) }
        rmdir(path)
    }

    /// The paths in it.
    var files: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append("\(path)/\(name)") }
        }
        return names.sorted()
    }
}
