/// A pattern of SQL's `LIKE` as SQLite matches it: `%` is any run, `_` any one code point, ASCII letters match in either
/// case, nothing escapes.
struct LikePattern {
    private let pattern: [Unicode.Scalar]

    /// What contains `text` anywhere.
    init(containing text: String) {
        pattern = ["%"] + text.unicodeScalars.map(Self.folded) + ["%"]
    }

    /// Whether the whole text matches; at most O(text × pattern), without recursion: of several runs only the last one
    /// needs to be tried again.
    func matches(_ text: String) -> Bool {
        let text = text.unicodeScalars
        var place = text.startIndex
        var index = 0
        /// Where to resume when the literal behind the last `%` does not fit.
        var retry: (index: Int, place: String.UnicodeScalarView.Index)?
        while place < text.endIndex {
            if index < pattern.count, pattern[index] == "%" {
                index += 1
                retry = (index, place)
            } else if index < pattern.count, pattern[index] == "_" || pattern[index] == Self.folded(text[place]) {
                index += 1
                place = text.index(after: place)
            } else if let (resumed, from) = retry {
                index = resumed
                place = text.index(after: from)
                retry = (resumed, place)
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == "%" }
    }

    private static func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value + 32)) : scalar
    }
}
