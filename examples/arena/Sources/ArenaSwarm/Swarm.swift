internal import Glibc

/// Many bots on one thread: `poll` says whose snapshot has come.
public struct Swarm {
    /// What to run, and for how long.
    public struct Options: Sendable {
        public var server = Endpoint(host: "127.0.0.1", port: 4321)
        public var shard = "main"
        public var count = 32
        public var seconds = 60
        public var seed: UInt64 = 1

        public init() {}
    }

    /// What the swarm saw.
    public struct Report: Sendable {
        public internal(set) var botsConnected = 0
        public internal(set) var botsLost = 0
        public internal(set) var frames = 0
        public internal(set) var bytes = 0
        public internal(set) var ticksMissed: UInt64 = 0
    }

    private let options: Options
    private var bots: [Bot] = []
    private var report = Report()
    /// Frames and bytes at the last line of progress.
    private var framesShown = 0
    private var bytesShown = 0

    public init(_ options: Options) {
        self.options = options
    }

    /// Connects the bots a few at a time while those already there play; `progress` gets a line a second.
    ///
    /// Throws only when not even the first bot gets in. A later refusal ends the connecting, and is told as progress.
    public mutating func run(progress: (String) -> Void) throws(ClientError) -> Report {
        let start = Self.now()
        var wanted = options.count
        var nextLine = start + 1
        while Self.now() < start + Double(options.seconds) {
            // Eight at a time: a connection costs about a millisecond, in which the others wait.
            for _ in 0..<min(8, wanted - bots.count - report.botsLost) {
                do throws(ClientError) {
                    try connectOne()
                } catch {
                    if report.botsConnected == 0 { throw error }
                    progress("bot \(report.botsConnected + 1): \(error)")
                    wanted = bots.count + report.botsLost
                    break
                }
            }
            readAll(progress)
            if Self.now() >= nextLine {
                nextLine += 1
                progress(line())
            }
            if bots.isEmpty { break }
        }
        for bot in bots {
            // It is leaving anyway: whether the goodbye arrives makes no difference.
            try? bot.connection.sendClose()
        }
        return summed()
    }

    private mutating func connectOne() throws(ClientError) {
        let seed = options.seed &+ UInt64(report.botsConnected)
        bots.append(try Bot(at: options.server, shard: options.shard, seed: seed))
        report.botsConnected += 1
    }

    /// Waits up to 20 ms for snapshots and lets their bots act.
    private mutating func readAll(_ progress: (String) -> Void) {
        var polls = bots.map { pollfd(fd: $0.connection.descriptor, events: Int16(POLLIN), revents: 0) }
        guard poll(&polls, nfds_t(polls.count), 20) > 0 else { return }
        for index in polls.indices.reversed() where polls[index].revents != 0 {
            do throws(ClientError) {
                try bots[index].read()
            } catch {
                progress("lost a bot: \(error)")
                let bot = bots.remove(at: index)
                report.botsLost += 1
                add(bot, to: &report)
            }
        }
    }

    private mutating func line() -> String {
        let sum = summed()
        defer { (framesShown, bytesShown) = (sum.frames, sum.bytes) }
        let kilobytes = (sum.bytes - bytesShown) / 1000
        return
            "\(bots.count) bots  \(sum.frames - framesShown) frames/s  \(kilobytes) kB/s  \(sum.ticksMissed) ticks missed"
    }

    private func summed() -> Report {
        var sum = report
        for bot in bots { add(bot, to: &sum) }
        return sum
    }

    private func add(_ bot: Bot, to report: inout Report) {
        report.frames += bot.frames
        report.bytes += bot.connection.bytesReceived
        report.ticksMissed += bot.ticksMissed
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
