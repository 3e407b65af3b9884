/// The extensions that `Sec-WebSocket-Extensions` lists (RFC 6455 §9.1), in their order.
struct ExtensionList: Sendable {
    /// One extension, as offered or accepted.
    struct Element: Hashable, Sendable {
        let name: String
        var parameters: [Parameter] = []
    }

    /// A parameter; a value in quotes is here without them.
    struct Parameter: Hashable, Sendable {
        let name: String
        let value: String?
    }

    /// More than this is taken for malformed; browsers send 46 bytes.
    static let bytesMaximum = 2048

    private(set) var elements: [Element] = []

    /// Reads the values of all `Sec-WebSocket-Extensions` fields; nil when one is malformed or they are too long.
    init?(headerValues: [String]) {
        guard headerValues.reduce(0, { $0 + $1.utf8.count }) <= Self.bytesMaximum else { return nil }
        for value in headerValues {
            var reader = Reader(rest: Array(value.utf8)[...])
            guard reader.readList(into: &elements) else { return nil }
        }
    }

    /// Takes the grammar apart: `name *(";" name ["=" (token | quoted token)])`, separated by commas, with space around
    /// everything and empty members between commas (RFC 2616 §2.1).
    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func readList(into elements: inout [Element]) -> Bool {
            while true {
                skipSpace()
                if rest.isEmpty { return true }
                if skip(",") { continue }
                guard let element = readElement(), rest.isEmpty || rest.first == UInt8(ascii: ",") else { return false }
                elements.append(element)
            }
        }

        private mutating func readElement() -> Element? {
            guard let name = readToken() else { return nil }
            var element = Element(name: name)
            while skip(";") {
                guard let name = readToken() else { return nil }
                var value: String?
                if skip("=") {
                    value = rest.first == UInt8(ascii: "\"") ? readQuoted() : readToken()
                    if value == nil { return nil }
                }
                element.parameters.append(Parameter(name: name, value: value))
            }
            return element
        }

        /// A token and the space behind it.
        private mutating func readToken() -> String? {
            let token = rest.prefix(while: Self.isTokenCharacter)
            guard !token.isEmpty else { return nil }
            rest = rest[token.endIndex...]
            skipSpace()
            return String(decoding: token, as: UTF8.self)
        }

        /// A quoted string and the space behind it; without quotes and backslashes it has to be a token.
        private mutating func readQuoted() -> String? {
            rest.removeFirst()
            var text: [UInt8] = []
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\"") {
                    skipSpace()
                    return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
                }
                let character = byte == UInt8(ascii: "\\") ? rest.popFirst() : byte
                guard let character, Self.isTokenCharacter(character) else { return nil }
                text.append(character)
            }
            return nil
        }

        /// Skips a separator and the space behind it.
        private mutating func skip(_ separator: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: separator) else { return false }
            rest.removeFirst()
            skipSpace()
            return true
        }

        private mutating func skipSpace() {
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        }

        /// RFC 9110 §5.6.2.
        private static func isTokenCharacter(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
    }
}
