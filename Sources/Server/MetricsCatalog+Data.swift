internal import PylonRecords
internal import PylonStorage
internal import PylonTelemetry

extension MetricsCatalog {
    /// The metrics of an app's entities and of its database; a server without a manifest has none of them.
    static func register(in metrics: MetricsRegistry, _ plane: DataPlane) {
        registerRows(in: metrics, plane)
        registerWrites(in: metrics, plane)
        registerReads(in: metrics, plane)
        let file = plane.file
        metrics.register(
            "pylon_db_file_bytes", help: "Size of the database's file.", .gauge { Double(file.byteCount) })
        metrics.register(
            "pylon_db_wal_bytes", help: "Size of the write-ahead log beside it.", .gauge { Double(file.logByteCount) })
    }

    private static func registerRows(in metrics: MetricsRegistry, _ plane: DataPlane) {
        let counters = plane.records.counters
        metrics.register("pylon_rows_inserted_total", help: "Rows inserted, once durable.", counters.inserted)
        metrics.register("pylon_rows_updated_total", help: "Rows updated, once durable.", counters.updated)
        metrics.register("pylon_rows_deleted_total", help: "Rows deleted, once durable.", counters.deleted)
        metrics.register(
            "pylon_requests_denied_total", help: "Requests for rows that the policies refused.", counters.denied)
        metrics.register(
            "pylon_requests_limited_total", help: "Requests for rows that asked for more than a limit allows.",
            counters.limited)
    }

    private static func registerWrites(in metrics: MetricsRegistry, _ plane: DataPlane) {
        let database = plane.database
        let counters = database.counters
        metrics.register("pylon_db_commits_total", help: "Commits, each of one batch of writes.", counters.commits)
        metrics.register(
            "pylon_db_commits_failed_total", help: "Batches whose commit failed.", counters.commitsFailed)
        metrics.register("pylon_db_writes_total", help: "Writes committed.", counters.writes)
        metrics.register(
            "pylon_db_writes_failed_total", help: "Writes that failed or were taken back, whatever the cause.",
            counters.writesFailed)
        metrics.register(
            "pylon_db_refused_total", help: "Reads and writes refused because a queue was full.", counters.refused)
        metrics.register(
            "pylon_db_batch_seconds", help: "From the start of a batch of writes to the end of its commit.",
            .histogram(counters.batchTime))
        metrics.register(
            "pylon_db_writes_waiting", help: "Writes that wait for the writer.",
            .gauge { Double(database.writesWaiting) })
    }

    private static func registerReads(in metrics: MetricsRegistry, _ plane: DataPlane) {
        let database = plane.database
        metrics.register("pylon_db_reads_total", help: "Reads run.", database.counters.reads)
        metrics.register(
            "pylon_db_reads_timed_out_total", help: "Reads that hit their deadline.", database.counters.readsTimedOut)
        metrics.register(
            "pylon_db_reads_waiting", help: "Reads that wait for a thread.", .gauge { Double(database.readsWaiting) })
    }
}
