internal import PylonBytes

/// The header fields of a request, in the order received: ranges into one copy of the head's bytes.
///
/// Strings are made when asked for. Lookups walk the fields, of which there are at most a hundred.
package struct HTTPRequestFields: Sendable {
    /// Where one field line stands in the head.
    struct Slot: Sendable {
        let name: ByteRange
        let value: ByteRange
    }

    /// The request line, the field lines and the empty line.
    let bytes: [UInt8]
    let slots: [Slot]

    /// The number of field lines.
    package var count: Int { slots.count }

    /// The name, as spelled by the client, and the value at a position of `0..<count`.
    package subscript(position: Int) -> (name: String, value: String) {
        (text(slots[position].name.range), text(slots[position].value.range))
    }

    /// The value of the first field of that name, without surrounding blanks.
    package func first(_ name: HTTPFieldName) -> String? {
        guard let slot = slots.first(where: { matches($0, name) }) else { return nil }
        return text(slot.value.range)
    }

    /// The values of all fields of that name, in order.
    package func all(_ name: HTTPFieldName) -> [String] {
        slots.filter { matches($0, name) }.map { text($0.value.range) }
    }

    /// The values of all fields of that name as one list, separated by comma and space (RFC 9110 §5.3); nil if none.
    package func joined(_ name: HTTPFieldName) -> String? {
        let values = all(name)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// Whether there is a field of that name.
    package func contains(_ name: HTTPFieldName) -> Bool {
        slots.contains { matches($0, name) }
    }

    /// The elements of a comma-separated list, over repeated fields, blanks trimmed, empty elements left out.
    ///
    /// For lists of tokens such as `Connection` and `Sec-WebSocket-Protocol`: commas in quotes are not special.
    package func elements(_ name: HTTPFieldName) -> [String] {
        var found: [String] = []
        eachElement(name) { range in
            found.append(text(range))
            return true
        }
        return found
    }

    /// Whether a list has an element, whatever the case of its letters: `Connection: keep-alive, Upgrade` has
    /// `upgrade`.
    package func hasElement(_ element: String, in name: HTTPFieldName) -> Bool {
        var found = false
        eachElement(name) { range in
            found = equal(range, element)
            return !found
        }
        return found
    }

    /// Calls `body` with the range of each list element until it returns false.
    private func eachElement(_ name: HTTPFieldName, _ body: (Range<Int>) -> Bool) {
        for slot in slots where matches(slot, name) {
            let limit = slot.value.range.upperBound
            var start = slot.value.range.lowerBound
            while start < limit {
                let end = bytes[start..<limit].firstIndex(of: UInt8(ascii: ",")) ?? limit
                let element = trimmed(start..<end)
                if !element.isEmpty, !body(element) { return }
                start = end + 1
            }
        }
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, HTTPSyntax.isBlank(bytes[start]) { start += 1 }
        while end > start, HTTPSyntax.isBlank(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    @inline(__always)
    private func matches(_ slot: Slot, _ name: HTTPFieldName) -> Bool {
        equal(slot.name.range, name.text)
    }

    private func equal(_ range: Range<Int>, _ text: String) -> Bool {
        guard range.count == text.utf8.count else { return false }
        var index = range.lowerBound
        for byte in text.utf8 {
            guard HTTPSyntax.lowercased(bytes[index]) == HTTPSyntax.lowercased(byte) else { return false }
            index += 1
        }
        return true
    }

    /// The text of a range; bytes that are no UTF-8 become U+FFFD.
    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}
