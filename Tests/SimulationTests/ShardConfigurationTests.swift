import PylonJSON
import PylonTime
import Testing

@testable import PylonSimulation

@Suite struct ShardConfigurationTests {
    private func read(_ text: String) throws -> ShardConfiguration {
        try ShardConfiguration(json: try JSONParser.parse(Array(text.utf8).span))
    }

    @Test(arguments: ["{}", "null", "{\"other\":1}", "{\"tick_rate_hz\":null,\"snapshot_format\":null}"])
    func whatIsMissingKeepsTheReferencesDefault(text: String) throws {
        let configuration = try read(text)
        #expect(configuration == ShardConfiguration())
        #expect(configuration.tickRate == .standard)
        #expect(configuration.subscribersMaximum == 256)
        #expect(configuration.inputsQueuedMaximum == 10_000)
        #expect(configuration.idleMaximum == .seconds(90))
        #expect(configuration.ticksPerSnapshot == 1)
        // Whoever asks for none of stream v2 finds a shard that behaves as it always did.
        #expect(configuration.reconnectGrace == .zero && configuration.inputsPerSecond == 0)
        #expect(configuration.inputDelayTicks == 0 && configuration.hashTicks == 0)
    }

    @Test func everyFieldIsRead() throws {
        let configuration = try read(
            """
            {"tick_rate_hz":10,"max_subscribers":3,"max_input_queue":4,"idle_ticks_before_shutdown":50,
             "ticks_per_snapshot":2,"snapshot_format":"json_compact","reconnect_grace_ms":1500,"inputs_per_second":60,
             "input_delay_ticks":3,"hash_ticks":20}
            """)
        #expect(configuration.tickRate.hertz == 10)
        #expect(configuration.subscribersMaximum == 3)
        #expect(configuration.inputsQueuedMaximum == 4)
        #expect(configuration.idleMaximum == .seconds(5))
        #expect(configuration.ticksPerSnapshot == 2)
        #expect(configuration.reconnectGrace == .milliseconds(1500))
        #expect(configuration.inputsPerSecond == 60)
        #expect(configuration.inputDelayTicks == 3)
        #expect(configuration.hashTicks == 20)
    }

    @Test func inputsWaitOnlyWhereThereAreTicks() throws {
        #expect(throws: ConfigurationError("input_delay_ticks", "needs a tick_rate_hz of at least 1")) {
            try read("{\"tick_rate_hz\":0,\"input_delay_ticks\":1}")
        }
        #expect(try read("{\"tick_rate_hz\":0,\"input_delay_ticks\":0}").inputDelayTicks == 0)
    }

    @Test func idleTicksAreCountedInTheShardsOwnRate() throws {
        #expect(try read("{\"tick_rate_hz\":1000}").idleMaximum == .milliseconds(1800))
        #expect(try read("{\"tick_rate_hz\":0}").idleMaximum == .seconds(90))
        #expect(try read("{\"tick_rate_hz\":0,\"idle_ticks_before_shutdown\":20}").idleMaximum == .seconds(1))
        #expect(try read("{\"idle_ticks_before_shutdown\":0}").idleMaximum == .zero)
    }

    @Test(arguments: [
        ("tick_rate_hz", 0, 1000), ("max_subscribers", 0, 10_000_000), ("max_input_queue", 0, 10_000_000),
        ("idle_ticks_before_shutdown", 0, 1_000_000_000), ("ticks_per_snapshot", 1, 10_000),
        ("reconnect_grace_ms", 0, 600_000), ("inputs_per_second", 0, 1_000_000), ("input_delay_ticks", 0, 32),
        ("hash_ticks", 0, 1_000_000), ("bytes_per_frame", 64, 262_144),
    ])
    func everyRangeIsKept(field: String, least: Int, most: Int) throws {
        let problem = ConfigurationError(field, "must be a whole number from \(least) to \(most)")
        for value in ["\(least)", "\(most)"] { _ = try read("{\"\(field)\":\(value)}") }
        for value in [
            "\(least - 1)", "\(most + 1)", "1.5", "\"20\"", "true", "[]", "{}", "9223372036854775807", "1e300",
        ] {
            #expect(throws: problem) { try read("{\"\(field)\":\(value)}") }
        }
        #expect(problem.description == "config.\(field) must be a whole number from \(least) to \(most)")
    }

    @Test(arguments: ["\"bson\"", "1", "true"]) func otherSnapshotFormatsAreRefused(format: String) {
        #expect(throws: ConfigurationError("snapshot_format", "must be \"json\" or \"json_compact\"")) {
            try read("{\"snapshot_format\":\(format)}")
        }
    }

    @Test func everyFieldOfTheEngineIsListed() {
        #expect(
            ShardConfiguration.fieldNames == [
                "tick_rate_hz", "max_subscribers", "max_input_queue", "idle_ticks_before_shutdown", "snapshot_format",
                "ticks_per_snapshot", "events_kept", "reconnect_grace_ms", "inputs_per_second", "input_delay_ticks",
                "hash_ticks", "bytes_per_frame", "max_players", "max_spectators", "max_ticks", "record",
                "record_hash_ticks",
                "checkpoint_ticks", "journal",
            ])
    }
}
