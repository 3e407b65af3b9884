internal import PylonOperations
internal import PylonReplay

extension Setting {
    /// Where shards are recorded, and how much of it is kept.
    static let recording: [Setting] = [
        Setting(
            .recordingFolder, variable: "PYLON_RECORD_DIR", .text,
            effect: "folder for recordings of shards that ask for it with \"record\": true; empty means none"),
        Setting(
            .recordingMinutes, variable: "PYLON_RECORD_MINUTES", .integer(0...525_600), standard: "0", unit: "minutes",
            effect: "records every shard and keeps about that much; 0 records those that ask only"),
        Setting(
            .recordingShardBytes, variable: "PYLON_RECORD_SHARD_BYTES", .integer(65_536...1_099_511_627_776),
            standard: String(standard.shardBytesMaximum), unit: "bytes", effect: "room for the recordings of one shard"),
        Setting(
            .recordingBytes, variable: "PYLON_RECORD_BYTES", .integer(65_536...1_099_511_627_776),
            standard: String(standard.bytesMaximum), unit: "bytes",
            effect: "room for recordings of all shards that are not being written; the oldest go"),
    ]

    private static let standard = RecordingSettings(folder: "")
}

extension Configuration {
    /// How recordings are made; nil without a folder.
    func recordingSettings(program: String) -> RecordingSettings? {
        let folder = text(.recordingFolder)
        guard !folder.isEmpty else { return nil }
        var settings = RecordingSettings(folder: folder)
        let minutes = integer(.recordingMinutes)
        settings.window = minutes > 0 ? .seconds(60 * minutes) : nil
        settings.shardBytesMaximum = integer(.recordingShardBytes)
        settings.bytesMaximum = integer(.recordingBytes)
        settings.program = program
        return settings
    }
}
