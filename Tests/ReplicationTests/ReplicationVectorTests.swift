import Glibc
import PylonBytes
import PylonJSON
import PylonTime
import Testing

@testable import PylonReplication

/// The conformance vectors of docs/protocol/replication.md, which other clients' tests read, too.
struct ReplicationVectorTests {
    private static let path =
        #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        + "/docs/protocol/vectors/replication.json"

    private static func file() -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return bytes
    }

    /// With `PYLON_WRITE_VECTORS=1` it writes the file; a change of it is a change of the protocol.
    @Test func theServerSendsWhatTheVectorsSay() throws {
        let text = try ReplicationVectors.text()
        if getenv("PYLON_WRITE_VECTORS") != nil, let file = fopen(Self.path, "w") {
            fputs(text, file)
            fclose(file)
        }
        #expect(Self.file() == Array(text.utf8))
    }

    @Test func theDecoderShowsWhatTheVectorsSay() throws {
        let json = try JSONParser.parse(Self.file())
        let cases = try #require(json["cases"]?.array)
        #expect(cases.count == 2)
        for stream in cases {
            let declared = try #require(stream["schema"])
            let schema = try ComponentSchema(json: declared)
            let decoder = ReplicaDecoder(schema: schema)
            for frame in try #require(stream["frames"]?.array) {
                let (tick, age) = (try #require(frame["tick"]?.int), try #require(frame["base_age"]?.int))
                let hex = try #require(frame["body"]?.string)
                let body = try #require(Hex.decode(hex))
                let outcome = try decoder.apply(tick: Tick(UInt64(tick)), baseAge: UInt64(age), body: body)
                #expect(outcome == .applied)
                #expect(ReplicationVectors.text(of: decoder.viewHash) == frame["hash"]?.string)
                var json = JSONWriter()
                ReplicationVectors.write(decoder, into: &json)
                let shown = try JSONParser.parse(json.text)
                #expect(shown == frame["entities"], "\(frame["note"]?.string ?? "")")
            }
        }
    }
}
