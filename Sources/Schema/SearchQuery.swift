/// A faceted search: what to look for, what to count and which hits to show (spec/data.md 3.7).
package struct SearchQuery: Hashable, Sendable {
    /// Nil for every row.
    package var expression: SearchExpression?
    /// Simplified.
    package var condition = Condition.always
    /// Fields whose values are counted over everything found.
    package var facets: [String] = []
    /// Nil for the best match first.
    package var order: Query.Order?
    package var limit: Int
    package var offset = 0
}

/// How much one search may ask for; a longer text is `INVALID_QUERY`, a larger page is cut.
package struct SearchLimits: Hashable, Sendable {
    /// Bytes of the text.
    package var textByteCountMaximum = 1024
    /// Hits on a page whose size was not given.
    package var pageRowsStandard = 20
    package var pageRowsMaximum = 100
    /// Of the filters.
    package var filter = FilterLimits.standard

    package init() {}

    package static let standard = SearchLimits()
}
