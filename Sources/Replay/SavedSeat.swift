package import PylonSimulation

/// What is stored of a secret that a client has: 32 bytes of which the secret cannot be told, nor from how long comparing two takes.
package struct TokenDigest: Hashable, Sendable {
    package static let byteCount = 32
    private let words: SIMD4<UInt64>

    /// The digest whose bytes are these; nil unless there are 32.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        var words = SIMD4<UInt64>()
        for index in 0..<Self.byteCount { words[index / 8] |= UInt64(bytes[index]) << UInt64(index % 8 * 8) }
        self.words = words
    }

    /// Writes it as its bytes.
    package func write(into state: inout StateWriter) {
        for index in 0..<4 { state.write(fixed: words[index]) }
    }

    package init(reading state: inout StateReader) throws(StateError) {
        var words = SIMD4<UInt64>()
        for index in 0..<4 { words[index] = try state.readFixed() }
        self.words = words
    }
}

/// What is stored of a player's seat: the tokens with which its client may take it up again.
package struct SavedSeat: Equatable, Sendable {
    package let subscriber: SubscriberID
    package let tokens: [TokenDigest]

    /// A client shows one token, and few open a second window: of more connections the newest count.
    package static let tokensMaximum = 16
    /// As many as a saved shard may have subscribers.
    static let seatsMaximum = 1_000_000

    package init(subscriber: SubscriberID, tokens: [TokenDigest]) {
        self.subscriber = subscriber
        self.tokens = tokens.count > Self.tokensMaximum ? Array(tokens.suffix(Self.tokensMaximum)) : tokens
    }

    /// Writes the name and the tokens.
    package func write(into state: inout StateWriter) {
        state.write(subscriber)
        Self.write(tokens, into: &state)
    }

    package init(reading state: inout StateReader) throws(StateError) {
        subscriber = try state.readSubscriber()
        tokens = try Self.readTokens(&state)
    }

    /// Writes how many tokens there are, and each.
    static func write(_ tokens: [TokenDigest], into state: inout StateWriter) {
        state.write(UInt64(tokens.count))
        for token in tokens { token.write(into: &state) }
    }

    static func readTokens(_ state: inout StateReader) throws(StateError) -> [TokenDigest] {
        let count = try state.readCount(maximum: tokensMaximum)
        var tokens: [TokenDigest] = []
        for _ in 0..<count { tokens.append(try TokenDigest(reading: &state)) }
        return tokens
    }
}
