internal import PylonReplay
internal import PylonShardHost
internal import PylonTelemetry

extension MetricsCatalog {
    /// The metrics of recordings; a server without a folder for them has none.
    static func register(in metrics: MetricsRegistry, _ recordings: RecordingCounters) {
        metrics.register("pylon_recordings", help: "Shards being recorded.", recordings.active)
        metrics.register("pylon_recording_bytes_total", help: "Bytes of recordings written.", recordings.bytesWritten)
        metrics.register("pylon_recording_segments_total", help: "Segments begun.", recordings.segments)
        metrics.register(
            "pylon_recording_segments_dropped_total", help: "Segments removed for room or age.",
            recordings.segmentsDropped)
        metrics.register(
            "pylon_recording_blocks_lost_total", help: "Blocks missing in recordings: writer behind, or disk refused.",
            recordings.blocksLost)
        metrics.register(
            "pylon_recording_writes_failed_total", help: "Writes of recordings that the disk refused.",
            recordings.writesFailed)
        metrics.register(
            "pylon_recordings_out_of_room_total", help: "Recordings that ended because their room was used up.",
            recordings.outOfRoom)
    }

    /// The metrics of shards that outlive the process; a server without a database has none.
    static func register(in metrics: MetricsRegistry, _ keeping: KeepingCounters) {
        metrics.register("pylon_shard_checkpoints_total", help: "States of shards saved.", keeping.checkpoints)
        metrics.register(
            "pylon_shard_checkpoints_skipped_total", help: "States put off because the last was not stored yet.",
            keeping.checkpointsSkipped)
        metrics.register(
            "pylon_shard_keeping_failures_total", help: "Changes of stored shards refused, and states too large.",
            keeping.failures)
        metrics.register("pylon_shard_state_bytes_total", help: "Bytes of states saved.", keeping.stateBytes)
        metrics.register("pylon_shard_journal_bytes_total", help: "Bytes of journals.", keeping.journalBytes)
        metrics.register(
            "pylon_shard_steps_held_total", help: "Steps that waited for the one before to be durable.",
            keeping.stepsHeld)
        metrics.register(
            "pylon_shard_subscribers_turned_away_total",
            help: "Subscribers refused because too many waited for the disk.", keeping.turnedAway)
        metrics.register("pylon_shards_restored_total", help: "Shards that came back at start.", keeping.restored)
        metrics.register(
            "pylon_shards_set_aside_total", help: "Stored shards that could not come back.", keeping.setAside)
        metrics.register(
            "pylon_shards_withheld_total", help: "Stored shards that this server lacks the kind, version or room for.",
            keeping.withheld)
    }
}
