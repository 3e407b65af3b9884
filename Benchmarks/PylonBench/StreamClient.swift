internal import PylonBenchKit
internal import PylonTime

/// The load client's process, as a scenario speaks to it.
struct StreamClient {
    /// Every client runs here.
    static let core = 1

    let process: ChildProcess
    private let signals: Interruption

    /// A time in which arriving frames are counted, in µs since the epoch.
    struct Window {
        var from: UInt64
        var to: UInt64
    }

    /// Starts the process and waits until all its streams are open.
    static func open(_ options: LoadClient.Options, _ signals: Interruption) throws(BenchError) -> StreamClient {
        let process = try ChildProcess(subcommand: ["client", "--core", "\(core)"] + options.words)
        let client = StreamClient(process: process, signals: signals)
        _ = try process.receive(
            "opening \(options.clients) streams", within: options.timeout + .seconds(10), signals)
        return client
    }

    /// Opens a window of `seconds` on the next ticks: both ends lie shortly before a tick is due, so that no tick's work
    /// is cut in two.
    func openWindow(rateHz: Int, seconds: Int) throws(BenchError) -> Window {
        let phase = try ask("phase", for: "the newest frame", within: .seconds(5))
        guard phase.count == 2, let newest = UInt64(phase[1]) else { throw .process("client: \(phase)") }
        let interval = 1_000_000 / UInt64(max(rateHz, 1))
        let earliest = SystemClock().microsecondsSinceEpoch() + 100_000
        let origin = newest == 0 ? earliest : newest + interval * 4 / 5
        let from = origin + (earliest - min(origin, earliest) + interval - 1) / interval * interval
        return try openWindow(from: from, seconds: seconds)
    }

    /// Opens a window that begins at a given time.
    func openWindow(from: UInt64, seconds: Int) throws(BenchError) -> Window {
        let window = Window(from: from, to: from + UInt64(seconds) * 1_000_000)
        try process.send("window \(window.from) \(window.to)")
        return window
    }

    /// Sleeps until a time in µs since the epoch.
    func sleep(untilEpoch microseconds: UInt64) throws(BenchError) {
        try signals.sleep(until: instant(atEpoch: microseconds))
    }

    /// Waits for the window's end and the client's count.
    func result(of window: Window) throws(BenchError) -> WindowResult {
        try signals.sleep(until: instant(atEpoch: window.to))
        return WindowResult(
            try ClientAnswer(
                process.receive("the client's count", within: .seconds(20), signals), expecting: "result"))
    }

    /// How many µs behind an end of the window the gauge may be read: before the next tick is due or, where ticks come
    /// too fast for that, so soon that it cannot matter beside a second of them.
    private static func latenessMaximum(rateHz: Int) -> Int64 { rateHz <= 100 ? 100_000 / Int64(rateHz) : 5000 }

    /// Lets the client count for `seconds` and reads `gauge` at both ends of that window; `isOnTime` when both readings
    /// came soon enough to be about the same ticks as the window.
    func observe(
        rateHz: Int, seconds: Int, _ gauge: () throws(BenchError) -> UInt64
    ) throws(BenchError) -> (result: WindowResult, used: UInt64, isOnTime: Bool) {
        let window = try openWindow(rateHz: rateHz, seconds: seconds)
        let clock = SystemClock()
        try signals.sleep(until: instant(atEpoch: window.from))
        let before = try gauge()
        let lateBefore = Int64(clock.microsecondsSinceEpoch()) - Int64(window.from)
        try signals.sleep(until: instant(atEpoch: window.to))
        let after = try gauge()
        let lateAfter = Int64(clock.microsecondsSinceEpoch()) - Int64(window.to)
        let isOnTime = max(lateBefore, lateAfter) < Self.latenessMaximum(rateHz: rateHz)
        guard after >= before else { throw .process("one of the server's processes has ended") }
        return (try result(of: window), after - before, isOnTime)
    }

    /// Sends a command and waits for the line that answers it.
    func ask(_ command: String, for what: String, within timeout: Duration) throws(BenchError) -> [String] {
        try process.send(command)
        return try process.receive(what, within: timeout, signals)
    }

    /// Waits for the lines that begin with `words`, in whatever order they come; returns each by its first word.
    func collect(_ words: Set<String>, within timeout: Duration) throws(BenchError) -> [String: ClientAnswer] {
        var answers: [String: ClientAnswer] = [:]
        while answers.count < words.count {
            let line = try process.receive("the client's answers", within: timeout, signals)
            guard let word = line.first, words.contains(word) else { throw .process("client: \(line)") }
            answers[word] = try ClientAnswer(line, expecting: word)
        }
        return answers
    }

    private func instant(atEpoch microseconds: UInt64) -> Instant {
        let clock = SystemClock()
        let now = clock.microsecondsSinceEpoch()
        return clock.now() + .microseconds(Int64(microseconds > now ? microseconds - now : 0))
    }
}
