package import PylonSchema

/// How much one request for rows may ask for and hold; each limit is a setting of the server, and counted by ``RecordCounters`` when
/// a request runs into it.
package struct RecordLimits: Hashable, Sendable {
    /// Bytes of one answer that is made in memory. Exports are streamed and know no such limit.
    package var responseBytesMaximum = 64 << 20
    /// Rows on a page by cursor (spec/data.md 3.2), and hits on a page of a search (3.7).
    package var pageRowsMaximum = 100
    /// The rows of a page whose size was not given.
    package var pageRowsStandard = 20
    /// Operations in one batch or transaction (3.9).
    package var operationsMaximum = 10_000
    /// Bytes of one import, which is read as it comes (3.9).
    package var importBytesMaximum = 1 << 30
    /// Relations below relations in a graph query (3.4).
    package var includeDepthMaximum = 4
    /// Entities and relations in one graph query, and the rows read for it.
    package var graphNodesMaximum = 64
    package var graphRowsMaximum = 100_000
    /// Groups of an aggregate (3.6).
    package var groupsMaximum = 10_000
    /// Changes on a page of a pull (spec/realtime.md 5.2).
    package var pullChangesMaximum = 100
    /// Changes that a pull looks at for one page: those of others are passed over.
    package var pullScanMaximum = 2000
    /// Bytes of a search text (3.7).
    package var searchTextBytesMaximum = 1024
    /// Depth, breadth and operands of a filter (3.3).
    package var filter = FilterLimits.standard

    package init() {}
}
