/// A client's answer: a word that says what it is, then `name=number` pairs.
struct ClientAnswer {
    private let values: [String: Int]

    init(_ words: [String], expecting word: String) throws(BenchError) {
        guard words.first == word else { throw .process("client: \(words.joined(separator: " "))") }
        var values: [String: Int] = [:]
        for word in words.dropFirst() {
            let parts = word.split(separator: "=")
            if parts.count == 2 { values[String(parts[0])] = Int(parts[1]) }
        }
        self.values = values
    }

    subscript(name: String) -> Int { values[name] ?? 0 }

    /// A time that the client told in µs.
    func milliseconds(_ name: String) -> Double { Double(self[name]) / 1000 }
}

/// The client's `result` line.
struct WindowResult {
    private let answer: ClientAnswer

    init(_ answer: ClientAnswer) { self.answer = answer }

    /// Frames that arrived.
    var frames: Int { answer["frames"] }
    /// Streams that have ended early.
    var lost: Int { answer["lost"] }

    func measurement(_ load: FanoutCase, seconds: Double, cpuNanoseconds: UInt64) -> Measurement {
        let due = seconds * Double(load.framesPerSecond)
        let ticks = Double(answer["ticks"])
        // A server may be a tick off at either end of the window without having lost any, or 20 ms late at high rates.
        let isOnTime = ticks >= due - max(1, Double(load.framesPerSecond) * 0.02)
        let expected = isOnTime ? Double(answer["expected"]) : due * Double(load.readingClients)
        let isGapless = frames > 0 && answer["complete"] == load.readingClients && lost == 0
        return Measurement(
            seconds: seconds, deliveries: Double(frames), ticks: ticks,
            deliveredRatio: Double(frames) / max(expected, 1),
            isEveryTickDelivered: isOnTime && isGapless, isGapless: isGapless,
            latencyMilliseconds: .init(
                p50: answer.milliseconds("p50"), p99: answer.milliseconds("p99"), p999: answer.milliseconds("p999"),
                max: answer.milliseconds("max")),
            cpuMicrosecondsPerDelivery: Double(cpuNanoseconds) / 1000 / Double(max(frames, 1)),
            cpuShare: Double(cpuNanoseconds) / 1e9 / seconds,
            residentBytesPerConnection: 0, systemCallsPerDelivery: nil, allocationsPerDelivery: nil,
            lostStreams: lost, wrongSizes: answer["wrong_sizes"])
    }
}
