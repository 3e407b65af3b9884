/// The place of a value inside a JSON text: `entities[2].fields[0].type`.
package struct ValuePath: Hashable, Sendable, CustomStringConvertible {
    /// The path as people read it; empty for the whole text.
    package let text: String

    /// The whole text.
    package init() {
        self.init("")
    }

    private init(_ text: String) {
        self.text = text
    }

    /// The member of that name of this value.
    package func key(_ name: String) -> ValuePath {
        guard Name.isIdentifier(name.hasPrefix("$") ? String(name.dropFirst()) : name) else {
            return ValuePath("\(text)[\(JSONText.quoted(name))]")
        }
        return ValuePath(text.isEmpty ? name : "\(text).\(name)")
    }

    /// The element at that index of this value.
    package func index(_ index: Int) -> ValuePath {
        ValuePath("\(text)[\(index)]")
    }

    package var description: String { text }
}
