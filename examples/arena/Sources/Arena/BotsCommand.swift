internal import ArenaSwarm
internal import Glibc

/// `arena bots`: fills a running arena with players over real sockets.
enum BotsCommand {
    static let synopsis = "bots [--url ws://HOST:PORT] [--count N] [--seconds S] [--shard ID] [--seed N]"
    static let usage = """
        usage: arena \(synopsis)

          --url      the server's main port; the bots play over the port + 3   (ws://127.0.0.1:4321)
          --count    how many bots; the server takes 64 from one address unless started with
                     PYLON_MAX_CONNS_PER_IP=0                                   (32)
          --seconds  how long they play                                        (60)
          --shard    the zone they join                                        (main)
          --seed     what their whims derive from                              (1)
        """

    /// Runs the swarm and returns the exit code: 0 when every bot got in and stayed, 1 when not, 2 for bad flags.
    static func run(_ arguments: [String]) -> Int32 {
        if arguments.contains("--help") || arguments.contains("-h") {
            print(usage)
            return 0
        }
        guard let options = options(arguments) else {
            complain(usage)
            return 2
        }
        do {
            var swarm = Swarm(options)
            let report = try swarm.run { line in
                print(line)
                fflush(nil)
            }
            print(
                "\(report.botsConnected) of \(options.count) bots joined, \(report.botsLost) lost;",
                "\(report.frames) frames, \(report.bytes / 1000) kB, \(report.ticksMissed) ticks missed")
            return report.botsConnected == options.count && report.botsLost == 0 ? 0 : 1
        } catch {
            complain("arena bots: \(error)")
            return 1
        }
    }

    /// nil when a flag is unknown, lacks its value or has one that makes no sense.
    private static func options(_ arguments: [String]) -> Swarm.Options? {
        guard arguments.count.isMultiple(of: 2) else { return nil }
        var options = Swarm.Options()
        for index in stride(from: 0, to: arguments.count, by: 2) {
            let value = arguments[index + 1]
            switch (arguments[index], Int(value)) {
            case ("--url", _):
                guard let server = Endpoint(value), server.port <= 65_532 else { return nil }
                options.server = server
            case ("--shard", _): options.shard = value
            case ("--count", let count?) where (1...10_000).contains(count): options.count = count
            case ("--seconds", let seconds?) where (1...86_400).contains(seconds): options.seconds = seconds
            case ("--seed", let seed?) where seed >= 0: options.seed = UInt64(seed)
            default: return nil
            }
        }
        return options
    }

    private static func complain(_ text: String) {
        let line = Array("\(text)\n".utf8)
        // Nobody is left to be told when standard error is gone.
        _ = write(2, line, line.count)
    }
}
