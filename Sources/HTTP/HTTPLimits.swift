/// How much of each part of a request the parser takes before it answers with an error.
package struct HTTPLimits: Sendable {
    /// The request line without its CRLF; one byte more is answered 414.
    package var requestLineBytesMaximum = 8 * 1024
    /// All field lines with their CRLFs and the empty line; one byte more is answered 431.
    package var headerSectionBytesMaximum = 32 * 1024
    /// The number of field lines; one more is answered 431.
    package var fieldsMaximum = 100
    /// The body, after chunks are taken apart; one byte more is answered 413.
    package var bodyBytesMaximum = 10 * 1024 * 1024
    /// A chunk's size and its extensions, without the CRLF; one byte more is answered 400.
    package var chunkLineBytesMaximum = 256
    /// All trailer lines with their CRLFs and the empty line; one byte more is answered 431.
    package var trailerSectionBytesMaximum = 8 * 1024
    /// Empty lines tolerated before a request line (RFC 9112 §2.2); one more is answered 400.
    package var emptyLinesMaximum = 4

    /// The limits written at the properties.
    package init() {}
}
