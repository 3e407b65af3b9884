/// Values for some of an entity's fields, by name: those of a checked input in the manifest's order.
///
/// A row has few fields, and most readers want all of them: a list is walked sooner than a dictionary is hashed.
package struct FieldValues: Sendable {
    /// One field and its value.
    package struct Entry: Sendable {
        package let name: String
        package var value: FieldValue

        package init(name: String, value: FieldValue) {
            self.name = name
            self.value = value
        }
    }

    /// Every name at most once.
    private var entries: [Entry]

    /// No values yet, with room for `capacity`.
    package init(capacity: Int = 0) {
        entries = []
        entries.reserveCapacity(capacity)
    }

    /// The value of a field, nil where it has none. O(count).
    package subscript(name: String) -> FieldValue? {
        get {
            entries.firstIndex { $0.name == name }.map { entries[$0].value }
        }
        set {
            let index = entries.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): append(value, for: name)
            case (nil, nil): break
            }
        }
    }

    /// Adds a value for a field that has none.
    mutating func append(_ value: FieldValue, for name: String) {
        entries.append(Entry(name: name, value: value))
    }
}

extension FieldValues: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { entries.count }
    package subscript(position: Int) -> Entry { entries[position] }
}

extension FieldValues: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, FieldValue)...) {
        self.init(capacity: elements.count)
        for (name, value) in elements { self[name] = value }
    }
}

extension FieldValues: Equatable {
    /// Whether both have the same values, in whatever order.
    package static func == (left: FieldValues, right: FieldValues) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.name] == $0.value }
    }
}
