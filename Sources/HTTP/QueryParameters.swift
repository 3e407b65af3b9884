internal import PylonBytes

/// The parameters of a query or of a form body, in order, repeats included.
///
/// Pieces are separated by `&`, names from values by the first `=`; a piece without `=` is a name with an empty value,
/// and empty pieces are left out. A name or a value that does not decode (a `%` without two digits, or no UTF-8) is
/// kept as it was spelled: it then matches nothing that a well-formed request could mean.
package struct QueryParameters: Sendable {
    /// The decoded names and values.
    package private(set) var pairs: [(name: String, value: String)] = []

    /// No parameters.
    package init() {}

    /// Parses the text behind the `?`. With `plusAsSpace` a `+` stands for a space, as in HTML forms.
    package init(_ text: String, plusAsSpace: Bool = false) {
        self.init(Array(text.utf8)[...], plusAsSpace: plusAsSpace)
    }

    /// Parses the bytes behind the `?` or of a form body.
    package init(_ bytes: ArraySlice<UInt8>, plusAsSpace: Bool = false) {
        for piece in bytes.split(separator: UInt8(ascii: "&")) {
            let mark = piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.endIndex
            let name = Self.decode(piece[..<mark], plusAsSpace)
            let value = mark == piece.endIndex ? "" : Self.decode(piece[(mark + 1)...], plusAsSpace)
            pairs.append((name, value))
        }
    }

    package var isEmpty: Bool { pairs.isEmpty }

    /// The value of the first parameter of that name.
    package func first(_ name: String) -> String? {
        pairs.first { $0.name == name }?.value
    }

    /// The values of all parameters of that name, in order.
    package func all(_ name: String) -> [String] {
        pairs.filter { $0.name == name }.map(\.value)
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, _ plusAsSpace: Bool) -> String {
        PercentCoding.decode(bytes.span, plusAsSpace: plusAsSpace) ?? String(decoding: bytes, as: UTF8.self)
    }
}
