internal import ArenaProxy
internal import Glibc

/// `arena proxy`: plays through a bad link.
enum ProxyCommand {
    static let synopsis = "proxy [--port N] [--to N] [--latency MS] [--jitter MS] [--loss PERCENT] [--seconds S]"
    static let usage = """
        usage: arena \(synopsis)

          --port     listens on this port and the one three above, on 127.0.0.1   (4421)
          --to       the server's main port on this machine                       (4321)
          --latency  round-trip time that is added, in milliseconds               (150)
          --jitter   at most so much more, in milliseconds                        (20)
          --loss     percentage of segments that come late as if sent again       (0)
          --seconds  how long                                                     (3600)

        Then open http://127.0.0.1:4421 in a browser.
        """

    /// Runs the proxy and returns the exit code: 1 when a port is taken, 2 for bad flags.
    static func run(_ arguments: [String]) -> Int32 {
        if arguments.contains("--help") || arguments.contains("-h") {
            print(usage)
            return 0
        }
        guard let options = Options(arguments) else {
            print(usage)
            return 2
        }
        guard let proxy = LatencyProxy(port: options.port, to: options.server, options.conditions) else {
            print("arena proxy: port \(options.port) or \(options.port + 3) is taken")
            return 1
        }
        print("http://127.0.0.1:\(options.port) leads to port \(options.server)")
        fflush(nil)
        proxy.run(seconds: options.seconds)
        return 0
    }

    private struct Options {
        var port: UInt16 = 4421
        var server: UInt16 = 4321
        var conditions = LinkConditions()
        var seconds = 3600

        /// nil when a flag is unknown, lacks its value or has one that makes no sense.
        init?(_ arguments: [String]) {
            guard arguments.count.isMultiple(of: 2) else { return nil }
            // Half on the way there, half on the way back.
            conditions.jitterMilliseconds = 10
            for index in stride(from: 0, to: arguments.count, by: 2) {
                guard let value = Double(arguments[index + 1]), value >= 0, value <= 86_400 else { return nil }
                switch arguments[index] {
                case "--port" where (1...65_532).contains(value): port = UInt16(value)
                case "--to" where (1...65_532).contains(value): server = UInt16(value)
                case "--latency" where value <= 10_000: conditions.latencyMilliseconds = value / 2
                case "--jitter" where value <= 10_000: conditions.jitterMilliseconds = value / 2
                case "--loss" where value <= 100: conditions.loss = value / 100
                case "--seconds" where value >= 1: seconds = Int(value)
                default: return nil
                }
            }
        }
    }
}
