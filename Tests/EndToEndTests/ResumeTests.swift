internal import Glibc
internal import PylonCrypto
internal import PylonEventStream
internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Clients of stream v2 go on with their token when their shard comes back with another process (docs/persistence.md).
@Suite(.blocking) struct ResumeTests {
    private let folder: AppFolder

    init() throws {
        folder = try AppFolder(manifest: PersistenceTests.manifest)
    }

    private func start() throws -> ServerHarness { try ServerHarness(folder.flags) }

    /// One player's stream, by either way.
    private enum Stream {
        case socket(StreamV2Client)
        case events(EventStreamClient)

        init(_ server: ServerHarness, as name: String, resume token: String? = nil, bySocket isSocket: Bool) throws {
            let resume = token.map { "&resume_token=\($0)" } ?? ""
            self =
                isSocket
                ? .socket(try StreamV2Client(server, "shard=zone&sid=\(name)\(resume)"))
                : .events(
                    try EventStreamClient(
                        port: server.port, "/api/shards/zone/connect?proto=2&sid=\(name)\(resume)",
                        token: ServerHarness.adminToken))
        }

        /// Skips to the next message of a type.
        func next(_ type: String) throws -> JSONValue {
            switch self {
            case .socket(let client): return try client.next(type)
            case .events(let client):
                while let event = try client.next() {
                    if event.name == type { return try JSONParser.parse(event.data) }
                }
                throw ProcessError.unexpected("ended without \(type)")
            }
        }

        /// Sends an input and waits until the world contains it.
        func play(_ number: Int, on server: ServerHarness, as name: String) throws {
            let input = #"{"input":{"add":\#(number)},"client_seq":\#(number)"#
            switch self {
            case .socket(let client): try client.send("\(input)}")
            case .events:
                let answer = try server.request(
                    "POST", "/api/shards/zone/input", token: ServerHarness.adminToken,
                    body: #"\#(input),"subscriber_id":"\#(name)"}"#)
                #expect(answer.status == 200)
            }
            while try next("ack")["client_seq"]?.int != number {}
        }
    }

    private func token(_ hello: JSONValue) throws -> String { try #require(hello["resume"]?.string) }

    @Test(arguments: [(true, SIGKILL), (true, SIGTERM), (false, SIGKILL), (false, SIGTERM)], [true, false])
    func aTokenIsGoodForTheNextProcess(_ way: (isSocket: Bool, signal: Int32), _ isJournalled: Bool) throws {
        var server = try start()
        try server.createShard(
            "zone", "counter", #"{"tick_rate_hz":50,"checkpoint_ticks":20,"journal":\#(isJournalled)}"#)
        let ann = try Stream(server, as: "ann", bySocket: way.isSocket)
        let bob = try Stream(server, as: "bob", bySocket: way.isSocket)
        let (annToken, bobToken) = (try token(try ann.next("hello")), try token(try bob.next("hello")))
        for number in 1...3 { try ann.play(number, on: server, as: "ann") }
        if !isJournalled, way.signal == SIGKILL {
            // A state that was begun since then.
            let count = try #require(try server.metric("pylon_shard_checkpoints_total"))
            #expect(try server.eventually { try server.metric("pylon_shard_checkpoints_total") ?? 0 >= count + 2 })
        }
        server.signal(way.signal)
        #expect(server.waitForExit() != nil)

        server = try start()
        #expect(try server.metric("pylon_seats_held") == 2)
        // Neither a token that nobody was given, nor another's.
        for (name, wrong) in [("cem", String(repeating: "0", count: 32)), ("cem", annToken), ("dan", bobToken)] {
            let hello = try Stream(server, as: name, resume: wrong, bySocket: way.isSocket).next("hello")
            #expect(hello["resumed"] == false && hello["ack"] == .null)
        }
        let again = try Stream(server, as: "ann", resume: annToken, bySocket: way.isSocket)
        let hello = try again.next("hello")
        #expect(hello["resumed"] == true && hello["ack"]?["client_seq"] == 3)
        #expect(try again.next("keyframe")["total"] == 6)
        try again.play(4, on: server, as: "ann")
        // It was used up, which over an event stream is not known before that has ended.
        #expect(
            try Stream(server, as: "ann", resume: annToken, bySocket: way.isSocket).next("hello")["resumed"]
                == .bool(!way.isSocket))
        #expect(
            try Stream(server, as: "bob", resume: bobToken, bySocket: way.isSocket).next("hello")["resumed"] == true)
        #expect(server.stop() == 0)
        withExtendedLifetime((ann, bob)) {}
    }

    /// With a journal: not a moment passes between the hello and the end of the process.
    @Test(arguments: [0, 50]) func aTokenThatWasShownIsGoodHoweverSoonTheServerDies(hertz: Int) throws {
        var shown: String?
        for round in 1...10 {
            let server = try start()
            if round == 1 {
                try server.createShard(
                    "zone", "counter", #"{"tick_rate_hz":\#(hertz),"checkpoint_ticks":100000,"journal":true}"#)
            }
            let hello = try Stream(server, as: "ann", resume: shown, bySocket: round % 2 == 0).next("hello")
            server.signal(SIGKILL)
            #expect(server.waitForExit() == 128 + SIGKILL)
            #expect(hello["resumed"]?.bool == (round > 1), "round \(round)")
            shown = try token(hello)
        }
    }

    /// What is sent to no one but its owner is in the database as a hash, and in recordings not at all.
    @Test func aTokenIsASecret() throws {
        let recordings = RecordedFolder()
        var tokens: [String] = []
        for round in 1...2 {
            let server = try ServerHarness(folder.flags, environment: ["PYLON_RECORD_DIR": recordings.path])
            if round == 1 {
                try server.createShard(
                    "zone", "counter",
                    #"{"tick_rate_hz":50,"checkpoint_ticks":5,"journal":true,"record":true,"join_code":"open-sesame"}"#)
            }
            let ann = try Stream(server, as: "ann", resume: tokens.last, bySocket: true)
            let hello = try ann.next("hello")
            #expect(hello["resumed"]?.bool == (round == 2))
            tokens.append(try token(hello))
            try ann.play(round, on: server, as: "ann")
            #expect(server.stop() == 0)
        }
        let stored = try bytes(folder.databasePath)
        #expect(stored.contains(Array(SHA256.hash(tokens[1]).bytes)))
        var files: [[UInt8]] = []
        for name in recordings.files {
            files.append(try bytes(name))
            let process = try ChildProcess(ChildProcess.pylon, ["replay", name, "--json"])
            #expect(try JSONParser.parse(process.readAll())["diverged_at"]?.isNull == true)
        }
        #expect(files.count == 2)
        for file in [stored] + files {
            #expect(!file.contains(Array("open-sesame".utf8)))
        }
        for file in files { #expect(!file.contains(Array("join_code".utf8))) }
        for token in tokens {
            #expect(!stored.contains(Array(token.utf8)))
            for file in files {
                #expect(!file.contains(Array(token.utf8)) && !file.contains(SHA256.hash(token).bytes))
            }
        }
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }
}
