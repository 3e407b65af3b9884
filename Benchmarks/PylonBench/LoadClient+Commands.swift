internal import CSystem
internal import Glibc
internal import PylonBenchKit
internal import PylonTime

/// What the client process is told, a line at a time:
///
/// - `phase`: answered with the newest frame's timestamp.
/// - `window FROM TO` (µs since the epoch): answered with one `result` line when the window is over.
/// - `pause N`: the first N clients stop reading.
/// - `resume`: they read again; answered with one `resumed` line when each has had a young frame.
/// - `storm`: all clients are reset at once and return at once; answered with one `stormed` line when each has a frame.
extension LoadClient {
    /// How long after the window frames from within it may still come.
    private static let graceMicroseconds: UInt64 = 1_500_000

    /// Reads commands; false at the end of the input.
    func readCommands() -> Bool {
        let length = read(STDIN_FILENO, buffer.baseAddress, 4096)
        guard length > 0 else { return length < 0 && errno == EINTR }
        input.append(contentsOf: buffer[..<length])
        while let newline = input.firstIndex(of: UInt8(ascii: "\n")) {
            let words = String(decoding: input[..<newline], as: UTF8.self).split(separator: " ")
            input.removeSubrange(...newline)
            obey(words)
        }
        return true
    }

    private func obey(_ words: [Substring]) {
        switch words.first {
        case "phase": Self.say("phase \(newestTimestamp)")
        case "window" where words.count == 3: openWindow(UInt64(words[1]) ?? 0, UInt64(words[2]) ?? 0)
        case "pause" where words.count == 2: pause(Int(words[1]) ?? 0)
        case "resume": resume()
        case "storm": isStormDue = true
        default: Self.say("unknown command")
        }
    }

    private func openWindow(_ from: UInt64, _ to: UInt64) {
        window = Window(from: from, to: to)
        for connection in connections {
            connection.delivery = Delivery()
            connection.isPastWindow = false
        }
    }

    func finishWindowIfOver() {
        guard let window else { return }
        let counted = connections.dropFirst(uncountedClients)
        let now = clock.microsecondsSinceEpoch()
        guard now >= window.to, window.past == counted.count || now >= window.to + Self.graceMicroseconds else {
            return
        }
        self.window = nil
        // Each shard has ticks of its own.
        var spans = [(first: UInt64, last: UInt64)](repeating: (.max, 0), count: options.shards)
        for connection in counted {
            guard let first = connection.delivery.firstTick, let last = connection.delivery.lastTick else { continue }
            let shard = connection.number % options.shards
            spans[shard] = (min(spans[shard].first, first), max(spans[shard].last, last))
        }
        func ticks(_ shard: Int) -> Int {
            spans[shard].first <= spans[shard].last ? Int(spans[shard].last - spans[shard].first) + 1 : 0
        }
        let watched = Set(counted.map { $0.number % options.shards })
        let complete = counted.count { connection in
            let span = spans[connection.number % options.shards]
            return connection.delivery.isComplete(from: span.first, through: span.last)
        }
        let latencies = window.latencies
        Self.say(
            """
            result frames=\(counted.reduce(0) { $0 + $1.delivery.frames }) ticks=\(watched.map(ticks).min() ?? 0) \
            expected=\(counted.reduce(0) { $0 + ticks($1.number % options.shards) }) complete=\(complete) \
            lost=\(connections.count(where: \.isLost)) wrong_sizes=\(window.wrongSizes) \
            p50=\(latencies.quantile(0.5)) p99=\(latencies.quantile(0.99)) p999=\(latencies.quantile(0.999)) \
            max=\(latencies.maximum)
            """)
    }

    // MARK: Pausing

    private func pause(_ count: Int) {
        pausedClients = min(count, connections.count)
        for connection in connections.prefix(pausedClients) {
            csystem_epoll_ctl(epoll, EPOLL_CTL_DEL, connection.descriptor, 0, 0)
        }
    }

    private func resume() {
        resumption = Resumption(clients: pausedClients, at: clock.microsecondsSinceEpoch())
        for connection in connections.prefix(pausedClients) where !connection.isLost {
            csystem_epoll_ctl(
                epoll, EPOLL_CTL_ADD, connection.descriptor, EPOLLIN.rawValue, UInt64(connection.number))
        }
    }

    func finishResumptionIfOver() {
        guard let resumption, resumption.isOver(at: clock.microsecondsSinceEpoch()) else { return }
        Self.say("resumed \(resumption.summary)")
        self.resumption = nil
    }

    // MARK: Storms

    /// Begins a storm that is due, brings back who failed, and reports when everybody has returned.
    func weatherStorm() throws(BenchError) {
        if isStormDue {
            isStormDue = false
            massReturn = MassReturn(clients: connections.count, at: clock.microsecondsSinceEpoch())
            for connection in connections { connection.reset() }
            for number in connections.indices { connections[number] = try open(number) }
        }
        for number in massReturn?.takeFailed() ?? [] { connections[number] = try open(number) }
        guard let massReturn, massReturn.isOver(at: clock.microsecondsSinceEpoch()) else { return }
        Self.say("stormed \(massReturn.summary)")
        self.massReturn = nil
    }
}
