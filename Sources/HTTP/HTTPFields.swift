/// The header fields of a response, in order.
///
/// A value that could end its line early never gets in: it traps in debug builds, and in release builds every CR, LF
/// and NUL in it becomes a space (RFC 9110 §5.5).
package struct HTTPFields: Sendable {
    package private(set) var lines: [(name: HTTPFieldName, value: String)] = []

    /// No fields.
    package init() {}

    package var isEmpty: Bool { lines.isEmpty }

    /// Adds a field line, even when there is one of that name already.
    package mutating func append(_ name: HTTPFieldName, _ value: String) {
        lines.append((name, Self.checked(value)))
    }

    /// Replaces all fields of that name by one line; nil removes them.
    package subscript(name: HTTPFieldName) -> String? {
        get { lines.first { $0.name == name }?.value }
        set {
            lines.removeAll { $0.name == name }
            if let newValue { append(name, newValue) }
        }
    }

    /// `value` with a space for every byte that ends a line somewhere.
    package static func sanitized(_ value: String) -> String {
        var bytes = Array(value.utf8)
        for index in bytes.indices where isLineBreaking(bytes[index]) { bytes[index] = HTTPSyntax.space }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func checked(_ value: String) -> String {
        guard value.utf8.contains(where: isLineBreaking) else { return value }
        assertionFailure("a header field value holds CR, LF or NUL")
        return sanitized(value)
    }

    private static func isLineBreaking(_ byte: UInt8) -> Bool {
        byte == HTTPSyntax.carriageReturn || byte == HTTPSyntax.lineFeed || byte == 0
    }
}

extension HTTPFields: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (HTTPFieldName, String)...) {
        for (name, value) in elements { append(name, value) }
    }
}
