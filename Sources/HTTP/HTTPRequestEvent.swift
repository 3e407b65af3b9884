/// What the parser found in the bytes it was given.
package enum HTTPRequestEvent: Sendable {
    /// Nothing more can be said before further bytes arrive.
    case needMore
    /// A complete, well-formed head. Body events and ``end`` follow.
    case head(HTTPRequestHead)
    /// A piece of the body: a range of the bytes given to this call.
    case body(Range<Int>)
    /// The request is complete; the next byte belongs to the next request.
    case end
    /// The request cannot be taken; every later call says so again.
    case failure(HTTPParseError)
}
