import Glibc
import PylonBytes
import PylonJSON
import Testing

/// One message of docs/protocol/vectors/stream-v2.json, or of another file there.
struct Vector: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    let isText: Bool
    /// What it means; nil when it is invalid.
    let means: JSONValue?
    let json: JSONValue

    var testDescription: String { name }

    /// The messages of `side`, "client" or "server". Traps when the file is not as it should be.
    static func all(_ side: String, in file: String = "stream-v2") -> [Vector] {
        do {
            let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
            let text = contents("/\(root)/docs/protocol/vectors/\(file).json")
            guard let list = try JSONParser.parse(text)[side]?.array else { preconditionFailure("no \(side)") }
            return list.map(Vector.init)
        } catch {
            preconditionFailure("the vectors cannot be read: \(error)")
        }
    }

    private init(_ json: JSONValue) {
        self.json = json
        name = json["name"]?.string ?? ""
        isText = json["text"] != nil
        bytes = json["text"]?.string.map { Array($0.utf8) } ?? Hex.decode(json["binary"]?.string ?? "x") ?? []
        means = json["means"]
    }

    /// The bytes that a member spells in hexadecimal.
    func bytes(_ member: String) -> [UInt8] { Hex.decode(json[member]?.string ?? "x") ?? [] }

    private static func contents(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return bytes
    }
}
