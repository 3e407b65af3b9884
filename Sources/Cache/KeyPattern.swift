/// A pattern for keys: `*` stands for any text, `?` for one character.
struct KeyPattern {
    private let pattern: [Unicode.Scalar]

    init(_ text: String) {
        pattern = Array(text.unicodeScalars)
    }

    /// Whether all of `text` fits. O(pattern × text) at worst: on a mismatch only the last `*` takes one character more.
    func matches(_ text: String) -> Bool {
        let text = Array(text.unicodeScalars)
        var (place, index) = (0, 0)
        var star: (place: Int, index: Int)?
        while index < text.count {
            if place < pattern.count, pattern[place] == "*" {
                star = (place, index)
                place += 1
            } else if place < pattern.count, pattern[place] == "?" || pattern[place] == text[index] {
                place += 1
                index += 1
            } else if let last = star {
                star = (last.place, last.index + 1)
                (place, index) = (last.place + 1, last.index + 1)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == "*" }
    }
}
