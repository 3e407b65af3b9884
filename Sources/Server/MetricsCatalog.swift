internal import CSystem
internal import PylonAuth
internal import PylonCache
internal import PylonFanout
internal import PylonGateway
internal import PylonHTTP
internal import PylonNet
internal import PylonRooms
internal import PylonShardHost
internal import PylonTelemetry
internal import PylonTime

/// Every metric of the process, by name.
enum MetricsCatalog {
    /// Per-shard gauges name at most this many shards, so that the page stays small whatever the server runs.
    static let shardsLabelledMaximum = 100

    static func register(
        in metrics: MetricsRegistry, clock: any Clock, net: NetCounters, gateway: GatewayCounters,
        registry: ShardRegistry,
        sessions: SessionStore, log: Log
    ) {
        let started = clock.now()
        metrics.register(
            "pylon_uptime_seconds", help: "Seconds since start.",
            .gauge { (clock.now() - started).inSeconds.rounded(.down) })
        registerMemory(in: metrics)
        registerHTTP(in: metrics, gateway)
        registerSockets(in: metrics, net, gateway)
        registerShards(in: metrics, registry)
        registerSessions(in: metrics, registry.counters)
        registerHandoffs(in: metrics, registry.counters)
        registerEntities(in: metrics, registry.counters.entities)
        registerEvents(in: metrics, net, registry.counters.fanout)
        metrics.register("pylon_sessions", help: "Sessions held.", .gauge { Double(sessions.count) })
        metrics.register(
            "pylon_log_lines_dropped_total", help: "Log lines dropped because the queue was full.", log.linesDropped)
    }

    private static func registerMemory(in metrics: MetricsRegistry) {
        metrics.register(
            "pylon_heap_allocated_bytes", help: "Heap in use, as the allocator counts it; -1 when it cannot.",
            .gauge {
                var resident: Int64 = -1
                return Double(csystem_heap_bytes(&resident))
            })
        metrics.register(
            "pylon_heap_resident_bytes", help: "Memory the allocator keeps for the heap; -1 when it does not say.",
            .gauge {
                var resident: Int64 = -1
                _ = csystem_heap_bytes(&resident)
                return Double(resident)
            })
    }

    private static func registerHTTP(in metrics: MetricsRegistry, _ gateway: GatewayCounters) {
        metrics.register("pylon_http_requests_total", help: "Requests answered.", gateway.requests)
        metrics.register(
            "pylon_http_requests_ok_total", help: "Requests answered with 101 or 200 to 399.", gateway.requestsOK)
        metrics.register(
            "pylon_http_requests_errors_total", help: "Requests answered otherwise.", gateway.requestsFailed)
        metrics.register(
            "pylon_http_requests_by_method", help: "Requests by method.",
            .labelled(label: "method") { gateway.methods.map { ($0.method.token, Double($0.count.value)) } })
        metrics.register("pylon_http_malformed_total", help: "Requests the parser refused.", gateway.requestsMalformed)
        metrics.register(
            "pylon_http_answer_bytes_held", help: "Bytes of large answers that clients have not taken yet.",
            gateway.answerBytesHeld)
        metrics.register(
            "pylon_http_answers_refused_total", help: "Large answers refused because others held too much.",
            gateway.answersRefused)
        metrics.register(
            "pylon_http_timeouts_total", help: "Requests that took too long to arrive.", gateway.requestTimeouts)
    }

    private static func registerSockets(in metrics: MetricsRegistry, _ net: NetCounters, _ gateway: GatewayCounters) {
        metrics.register("pylon_connections_accepted_total", help: "Connections accepted.", net.accepted)
        metrics.register("pylon_connections", help: "Connections open.", net.open)
        metrics.register(
            "pylon_connections_refused_total", help: "Streams refused by the per-address cap.",
            gateway.connectionsRefused)
        metrics.register(
            "pylon_connections_out_of_descriptors_total", help: "Connections closed for want of descriptors.",
            net.refusedForDescriptors)
        metrics.register(
            "pylon_connections_stalled_total", help: "Connections closed because nothing moved.", net.stalled)
        metrics.register("pylon_websockets", help: "WebSockets open.", gateway.webSockets)
        metrics.register(
            "pylon_websockets_reaped_total", help: "WebSockets closed for silence.", gateway.webSocketsReaped)
        metrics.register("pylon_event_streams", help: "Event streams open.", gateway.eventStreams)
        metrics.register("pylon_received_bytes_total", help: "Bytes read from sockets.", net.bytesReceived)
        metrics.register("pylon_sent_bytes_total", help: "Bytes written to sockets.", net.bytesSent)
        metrics.register(
            "pylon_frames_delivered_total", help: "Snapshots handed to the kernel whole.", net.snapshotsSent)
        metrics.register(
            "pylon_frames_dropped_total", help: "Snapshots dropped because a client was slow.", net.snapshotsDropped)
    }

    private static func registerEvents(in metrics: MetricsRegistry, _ net: NetCounters, _ fanout: FanoutCounters) {
        metrics.register("pylon_events_published_total", help: "Events broadcast by shards.", fanout.eventsPublished)
        metrics.register(
            "pylon_event_writes_total", help: "Batches of merged events handed to the kernel whole.",
            net.eventBatchesSent)
        metrics.register(
            "pylon_event_streams_overrun_total",
            help: "Event streams ended with events missing: client or loop too slow.",
            net.eventStreamsOverrun)
        metrics.register(
            "pylon_event_gaps_total", help: "Times a loop was too slow for a shard's events.", fanout.eventGaps)
    }

    private static func registerDeltas(in metrics: MetricsRegistry, _ counters: FanoutCounters) {
        metrics.register(
            "pylon_stream_deltas_made_total", help: "Deltas of states made, each for all who have the same base.",
            counters.deltasMade)
        metrics.register(
            "pylon_stream_deltas_sent_total", help: "States sent as what changed since one that the client has.",
            counters.deltasSent)
        metrics.register(
            "pylon_stream_delta_bytes_saved_total", help: "Bytes that those states would have taken more as a whole.",
            counters.deltaBytesSaved)
        metrics.register(
            "pylon_stream_delta_base_bytes", help: "Bytes of states kept for deltas to lead from.",
            counters.deltaBaseBytes)
    }

    private static func registerSessions(in metrics: MetricsRegistry, _ counters: ShardCounters) {
        metrics.register("pylon_stream_v2", help: "Streams v2 open.", counters.sessions)
        metrics.register(
            "pylon_stream_v2_messages_total", help: "Messages for single connections: acknowledgements, refusals.",
            counters.fanout.messagesSent)
        metrics.register(
            "pylon_stream_v2_message_gaps_total", help: "Times a loop was too slow for such messages.",
            counters.fanout.messageGaps)
        registerDeltas(in: metrics, counters.fanout)
        metrics.register(
            "pylon_acknowledgements_total", help: "Acknowledgements of inputs sent.", counters.acknowledgements)
        metrics.register(
            "pylon_inputs_rate_limited_total", help: "Inputs refused because of inputs_per_second.",
            counters.inputsRateLimited)
        metrics.register(
            "pylon_inputs_late_total", help: "Inputs that came after their tick, and were applied at once.",
            counters.inputsLate)
        metrics.register(
            "pylon_seats_held", help: "Seats held for subscribers without a connection.", counters.seatsHeld)
        metrics.register("pylon_seats_resumed_total", help: "Held seats taken up again.", counters.seatsResumed)
        metrics.register("pylon_seats_expired_total", help: "Held seats given up.", counters.seatsExpired)
        metrics.register(
            "pylon_state_hashes_compared_total",
            help: "Hashes of clients' states that were compared with the shard's.", counters.hashesCompared)
        metrics.register(
            "pylon_desyncs_total", help: "States of clients that were not the shard's.", counters.desyncs)
    }

    private static func registerEntities(in metrics: MetricsRegistry, _ counters: EntityCounters) {
        metrics.register("pylon_entity_frames_total", help: "States of entities sent.", counters.framesSent)
        metrics.register(
            "pylon_entity_keyframes_total", help: "Of those: packed against nothing.", counters.keyframesSent)
        metrics.register(
            "pylon_entity_bodies_total", help: "Bodies packed; the other states shared one.", counters.bodiesPacked)
        metrics.register("pylon_entity_bytes_total", help: "Bytes of states of entities.", counters.bytesSent)
        metrics.register(
            "pylon_entities_starved_total", help: "Entities with news that did not fit a state.",
            counters.entitiesStarved)
        metrics.register(
            "pylon_entity_views_cut_total", help: "Views that would have held more entities than they may.",
            counters.viewsCut)
        metrics.register(
            "pylon_entity_views_forgotten_total", help: "Unacknowledged views that were forgotten.",
            counters.viewsForgotten)
        metrics.register(
            "pylon_entity_acknowledgements_ignored_total", help: "Acknowledgements of no view that was under way.",
            counters.acknowledgementsIgnored)
    }

    private static func registerHandoffs(in metrics: MetricsRegistry, _ counters: ShardCounters) {
        metrics.register("pylon_handoffs_sent_total", help: "Hand-offs sent to other shards.", counters.handoffsSent)
        metrics.register(
            "pylon_handoffs_resent_total", help: "Hand-offs sent again for want of an answer.", counters.handoffsResent)
        metrics.register("pylon_handoffs_received_total", help: "Hand-offs taken in.", counters.handoffsReceived)
        metrics.register("pylon_handoffs_refused_total", help: "Hand-offs refused.", counters.handoffsRefused)
        metrics.register(
            "pylon_handoffs_lost_total", help: "Hand-offs of ended shards that nobody took or answered for.",
            counters.handoffsLost)
        metrics.register(
            "pylon_shards_settling", help: "Ended shards that wait for what they handed off.", counters.shardsSettling)
        metrics.register("pylon_handoffs_outbox", help: "Hand-offs on their way.", counters.handoffsUnderWay)
        metrics.register(
            "pylon_streams_forwarded_total", help: "Connections sent on to where their subscribers had gone.",
            counters.streamsForwarded)
        metrics.register(
            "pylon_streams_moved_total", help: "Streams that followed their subscribers to other shards.",
            counters.streamsMoved)
    }

    private static func registerShards(in metrics: MetricsRegistry, _ registry: ShardRegistry) {
        let counters = registry.counters
        metrics.register("pylon_shards", help: "Shards registered.", .gauge { Double(registry.count) })
        metrics.register("pylon_shard_ticks_total", help: "Steps run.", counters.ticks)
        metrics.register("pylon_shard_ticks_skipped_total", help: "Steps dropped as debt.", counters.ticksSkipped)
        metrics.register(
            "pylon_shard_tick_lateness_seconds", help: "Start of a step after its deadline.",
            .histogram(counters.lateness))
        metrics.register("pylon_frames_built_total", help: "Snapshots encoded.", counters.fanout.framesBuilt)
        metrics.register(
            "pylon_lane_drops_total", help: "Frames dropped between worker and loop.", counters.fanout.laneDrops)
        metrics.register("pylon_subscribers", help: "Connections subscribed to shards.", counters.subscribers)
        metrics.register("pylon_inputs_applied_total", help: "Inputs applied.", counters.inputsApplied)
        metrics.register("pylon_inputs_refused_total", help: "Inputs refused.", counters.inputsRefused)
        metrics.register(
            "pylon_input_queue_depth", help: "Inputs waiting in all shards.",
            .gauge { registry.all.reduce(0) { $0 + Double($1.inputsQueued) } })
        metrics.register(
            "pylon_shard_subscribers", help: "Connections by shard, for the first 100 shards by id.",
            .labelled(label: "shard") {
                registry.all.prefix(shardsLabelledMaximum).map { ($0.id, Double($0.information.subscribers)) }
            })
        metrics.register(
            "pylon_shard_tick", help: "Last step by shard, for the first 100 shards by id.",
            .labelled(label: "shard") {
                registry.all.prefix(shardsLabelledMaximum).map { ($0.id, Double($0.information.tick)) }
            })
    }

    static func registerRooms(in metrics: MetricsRegistry, _ rooms: RoomDirectory) {
        metrics.register("pylon_rooms", help: "Rooms.", .gauge { Double(rooms.roomCount) })
        metrics.register(
            "pylon_room_members", help: "Members of all rooms together.", .gauge { Double(rooms.membershipCount) })
        metrics.register("pylon_room_events_total", help: "Events of rooms.", rooms.counters.events)
        metrics.register(
            "pylon_room_evictions_total", help: "Members that left for want of a sign of life.", rooms.counters.evicted)
        metrics.register(
            "pylon_room_refusals_total", help: "Calls about rooms refused for a limit.", rooms.counters.refused)
    }

    static func registerCache(in metrics: MetricsRegistry, _ cache: CacheStore) {
        metrics.register("pylon_cache_entries", help: "Keys in the cache.", .gauge { Double(cache.entryCount) })
        metrics.register("pylon_cache_bytes", help: "Bytes of the cache, about.", .gauge { Double(cache.bytes) })
        metrics.register("pylon_cache_hits_total", help: "Reads of the cache that found a key.", cache.counters.hits)
        metrics.register("pylon_cache_misses_total", help: "Reads that did not.", cache.counters.misses)
        metrics.register("pylon_cache_sets_total", help: "Writes to the cache.", cache.counters.sets)
        metrics.register("pylon_cache_deletes_total", help: "Keys removed by a command.", cache.counters.deletes)
        metrics.register("pylon_cache_evictions_total", help: "Keys removed to make room.", cache.counters.evictions)
        metrics.register(
            "pylon_cache_expired_total", help: "Keys removed because their time was over.", cache.counters.expired)
    }
}
