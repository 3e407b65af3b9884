internal import PylonBytes

/// Finds the client's address behind trusted proxies.
package enum ForwardedFor {
    /// The `hops`-th entry from the right of all `X-Forwarded-For` values joined, in its canonical spelling.
    ///
    /// Each trusted proxy appends the address it saw, so everything further left is the client's own claim. With no
    /// hops, too few entries or an entry that is no IP address the answer is `peer`, the socket's address.
    package static func clientAddress(_ values: [String], hops: Int, peer: String) -> String {
        guard hops > 0 else { return peer }
        var entries: [Substring] = []
        for value in values { entries += value.split(separator: ",", omittingEmptySubsequences: false) }
        guard entries.count >= hops else { return peer }
        let entry = trimmed(entries[entries.count - hops])
        return IPAddress(String(entry))?.description ?? peer
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
