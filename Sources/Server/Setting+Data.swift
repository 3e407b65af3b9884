internal import PylonOperations
internal import PylonRecords
internal import PylonSchema
internal import PylonStorage
internal import PylonTime

extension Setting {
    /// How much requests for rows may ask for, and what the database may hold and wait for. Defaults are those of the modules that
    /// keep the limits.
    static let data: [Setting] = requests + filters + storage

    private static func limit(
        _ key: SettingKey, _ variable: String, _ range: ClosedRange<Int>, _ standard: Int, unit: String, effect: String
    ) -> Setting {
        Setting(key, variable: variable, .integer(range), standard: String(standard), unit: unit, effect: effect)
    }

    private static let records = RecordLimits()

    private static let requests: [Setting] = [
        limit(
            .responseBytes, "PYLON_MAX_RESPONSE_BYTES", 4096...1_073_741_824, records.responseBytesMaximum,
            unit: "bytes",
            effect: "largest answer that is made in memory; exports are streamed and know no such limit"),
        limit(
            .pageRowsMaximum, "PYLON_MAX_PAGE_ROWS", 1...100_000, records.pageRowsMaximum, unit: "rows",
            effect: "rows on a page by cursor and hits on a page of a search"),
        limit(
            .pageRowsStandard, "PYLON_PAGE_ROWS", 1...100_000, records.pageRowsStandard, unit: "rows",
            effect: "rows of a page whose size was not given; never more than PYLON_MAX_PAGE_ROWS"),
        limit(
            .operationsMaximum, "PYLON_MAX_OPERATIONS", 1...1_000_000, records.operationsMaximum, unit: "operations",
            effect: "operations of one batch or transaction"),
        limit(
            .importBytes, "PYLON_MAX_IMPORT_BYTES", 4096...1_099_511_627_776, records.importBytesMaximum, unit: "bytes",
            effect: "length of one import, which is read as it comes"),
        limit(
            .includeDepth, "PYLON_MAX_INCLUDE_DEPTH", 0...16, records.includeDepthMaximum, unit: "levels",
            effect: "relations below relations in a graph query"),
        limit(
            .graphNodes, "PYLON_MAX_GRAPH_NODES", 1...10_000, records.graphNodesMaximum, unit: "nodes",
            effect: "entities and relations in one graph query"),
        limit(
            .graphRows, "PYLON_MAX_GRAPH_ROWS", 1...100_000_000, records.graphRowsMaximum, unit: "rows",
            effect: "rows read for one graph query"),
        limit(
            .aggregateGroups, "PYLON_MAX_GROUPS", 1...1_000_000, records.groupsMaximum, unit: "groups",
            effect: "groups of one aggregate"),
        limit(
            .pullChanges, "PYLON_MAX_PULL_CHANGES", 1...100_000, records.pullChangesMaximum, unit: "changes",
            effect: "changes on a page of a pull"),
        limit(
            .pullScan, "PYLON_MAX_PULL_SCAN", 1...10_000_000, records.pullScanMaximum, unit: "changes",
            effect: "changes looked at for one page of a pull: those of others are passed over"),
        limit(
            .searchTextBytes, "PYLON_MAX_SEARCH_BYTES", 1...65_536, records.searchTextBytesMaximum, unit: "bytes",
            effect: "length of a search text, on the search route and as $search"),
    ]

    private static let filters: [Setting] = [
        limit(
            .filterDepth, "PYLON_MAX_FILTER_DEPTH", 1...30, records.filter.depthMaximum, unit: "levels",
            effect: "$and and $or within each other"),
        limit(
            .filterConditions, "PYLON_MAX_FILTER_CONDITIONS", 1...10_000, records.filter.conditionCountMaximum,
            unit: "conditions", effect: "conditions and groups of one filter"),
        limit(
            .filterOperands, "PYLON_MAX_FILTER_OPERANDS", 1...30_000, records.filter.operandCountMaximum,
            unit: "operands", effect: "operands of one filter; the database takes 32,766 in one statement"),
        limit(
            .filterInValues, "PYLON_MAX_FILTER_IN", 1...30_000, records.filter.inCountMaximum, unit: "values",
            effect: "values of one $in"),
        limit(
            .filterOrders, "PYLON_MAX_FILTER_ORDER", 1...64, records.filter.orderCountMaximum, unit: "fields",
            effect: "fields of one $order"),
        limit(
            .filterLikeBytes, "PYLON_MAX_FILTER_LIKE_BYTES", 1...50_000, records.filter.likeByteCountMaximum,
            unit: "bytes", effect: "length of a $like pattern, which costs its length times that of each text"),
    ]

    private static let database = DatabaseSettings()

    private static let storage: [Setting] = [
        limit(
            .databaseReaders, "PYLON_DB_READERS", 1...64, database.readers, unit: "threads",
            effect: "threads that read from the database; one more writes"),
        limit(
            .readMilliseconds, "PYLON_DB_READ_MS", 10...3_600_000, milliseconds(database.readDeadline),
            unit: "milliseconds", effect: "how long a read may take, waiting included, before it is ended with 503"),
        limit(
            .readQueue, "PYLON_DB_READ_QUEUE", 1...1_000_000, database.readQueueCapacity, unit: "reads",
            effect: "reads that may wait; further ones are refused with 503"),
        limit(
            .writeQueue, "PYLON_DB_WRITE_QUEUE", 1...1_000_000, database.writeQueueCapacity, unit: "writes",
            effect: "writes that may wait; further ones are refused with 503"),
        limit(
            .writeQueueBytes, "PYLON_DB_WRITE_QUEUE_BYTES", 65_536...17_179_869_184, database.writeQueueBytesMaximum,
            unit: "bytes", effect: "memory of the writes that wait; further ones are refused with 503"),
        limit(
            .busyMilliseconds, "PYLON_DB_BUSY_MS", 0...600_000, milliseconds(database.busyTimeout),
            unit: "milliseconds",
            effect: "how long a write waits while another process, such as a schema push, holds the database"),
        limit(
            .tombstones, "PYLON_DB_TOMBSTONES", 0...100_000_000, database.tombstonesMaximum, unit: "rows",
            effect: "deleted rows that the change log remembers; a client that missed an older one starts anew"),
    ]

    private static func milliseconds(_ duration: Duration) -> Int { Int(duration.wholeNanoseconds / 1_000_000) }
}

extension Configuration {
    /// How much one request for rows may ask for and hold.
    var recordLimits: RecordLimits {
        var limits = RecordLimits()
        limits.responseBytesMaximum = integer(.responseBytes)
        limits.pageRowsMaximum = integer(.pageRowsMaximum)
        limits.pageRowsStandard = min(integer(.pageRowsStandard), limits.pageRowsMaximum)
        limits.operationsMaximum = integer(.operationsMaximum)
        limits.importBytesMaximum = integer(.importBytes)
        limits.includeDepthMaximum = integer(.includeDepth)
        limits.graphNodesMaximum = integer(.graphNodes)
        limits.graphRowsMaximum = integer(.graphRows)
        limits.groupsMaximum = integer(.aggregateGroups)
        limits.pullChangesMaximum = integer(.pullChanges)
        limits.pullScanMaximum = integer(.pullScan)
        limits.searchTextBytesMaximum = integer(.searchTextBytes)
        limits.filter.depthMaximum = integer(.filterDepth)
        limits.filter.conditionCountMaximum = integer(.filterConditions)
        limits.filter.operandCountMaximum = integer(.filterOperands)
        limits.filter.inCountMaximum = integer(.filterInValues)
        limits.filter.orderCountMaximum = integer(.filterOrders)
        limits.filter.likeByteCountMaximum = integer(.filterLikeBytes)
        limits.filter.searchByteCountMaximum = limits.searchTextBytesMaximum
        return limits
    }

    /// The limits of the database.
    var databaseSettings: DatabaseSettings {
        var settings = DatabaseSettings()
        settings.readers = integer(.databaseReaders)
        settings.readDeadline = .milliseconds(integer(.readMilliseconds))
        settings.readQueueCapacity = integer(.readQueue)
        settings.writeQueueCapacity = integer(.writeQueue)
        settings.writeQueueBytesMaximum = integer(.writeQueueBytes)
        settings.busyTimeout = .milliseconds(integer(.busyMilliseconds))
        settings.tombstonesMaximum = integer(.tombstones)
        return settings
    }
}
