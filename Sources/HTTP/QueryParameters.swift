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
        self.init(Array(text.utf8).span, plusAsSpace: plusAsSpace)
    }

    /// Parses the bytes behind the `?` or of a form body.
    package init(_ bytes: Span<UInt8>, plusAsSpace: Bool = false) {
        bytes.withUnsafeBufferPointer { bytes in
            var start = 0
            while start < bytes.count {
                var end = start
                var mark: Int?
                var isPlain = true
                while end < bytes.count, bytes[end] != UInt8(ascii: "&") {
                    switch bytes[end] {
                    case UInt8(ascii: "=") where mark == nil: mark = end
                    case UInt8(ascii: "%"), UInt8(ascii: "+"): isPlain = false
                    default: break
                    }
                    end += 1
                }
                if end > start {
                    let name = UnsafeBufferPointer(rebasing: bytes[start..<(mark ?? end)])
                    let value = UnsafeBufferPointer(rebasing: bytes[(mark.map { $0 + 1 } ?? end)..<end])
                    pairs.append(
                        (Self.decode(name, isPlain, plusAsSpace), Self.decode(value, isPlain, plusAsSpace)))
                }
                start = end + 1
            }
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

    private static func decode(_ bytes: UnsafeBufferPointer<UInt8>, _ isPlain: Bool, _ plusAsSpace: Bool) -> String {
        let decoded = isPlain ? nil : PercentCoding.decode(bytes.span, plusAsSpace: plusAsSpace)
        return decoded ?? String(decoding: bytes, as: UTF8.self)
    }
}
