/// The identifier of an event, which a reader gives back in `Last-Event-ID` to resume behind it.
package struct EventID: Hashable, Sendable {
    /// The text, without CR, LF and NUL.
    package let text: String

    /// Nil when `text` has a line break, which would begin another field, or a NUL, which makes readers ignore the
    /// field (WHATWG HTML §9.2.6). Empty is allowed: it resets the reader's last event id.
    package init?(_ text: String) {
        guard !text.utf8.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) else { return nil }
        self.text = text
    }

    /// A number, such as a tick or a cursor.
    package init(_ number: UInt64) {
        text = String(number)
    }

    /// Reads the value of a `Last-Event-ID` request field: nil when it is absent, empty, or could not have come from
    /// an event.
    package static func last(fromHeader value: String?) -> EventID? {
        guard let value, !value.isEmpty else { return nil }
        return EventID(value)
    }
}

/// The type of an event, by which a reader picks its handler.
package struct EventName: Hashable, Sendable {
    /// The text, without CR, LF and NUL.
    package let text: String

    /// Nil when `text` is empty, which readers take for `message`, or has a line break or a NUL.
    package init?(_ text: String) {
        guard !text.isEmpty, !text.utf8.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) else { return nil }
        self.text = text
    }
}
