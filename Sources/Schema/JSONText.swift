internal import PylonJSON

/// Text from outside, made fit for a message.
enum JSONText {
    /// How much of a foreign text a message repeats, in bytes.
    static let shownByteCountMaximum = 80

    /// The text in quotes, escaped, and cut when it is long.
    static func quoted(_ text: String) -> String {
        guard text.utf8.count > shownByteCountMaximum else { return JSONValue.string(text).text }
        var shown = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            count += UTF8.width(scalar)
            if count > shownByteCountMaximum { break }
            shown.append(scalar)
        }
        return JSONValue.string(String(shown) + "…").text
    }

    /// Names in quotes with commas, at most `maximum` of them.
    static func list(_ names: [String], maximum: Int = 40) -> String {
        let shown = names.prefix(maximum).map(quoted).joined(separator: ", ")
        return names.count > maximum ? "\(shown) and \(names.count - maximum) more" : shown
    }
}
