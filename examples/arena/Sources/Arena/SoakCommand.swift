internal import Glibc
internal import Pylon

/// `arena soak`: simulated hours of play, and the hashes that prove them the same everywhere.
enum SoakCommand {
    static let synopsis =
        "soak [--hours H] [--seed N] [--bots N] [--restart-minutes M] [--record FILE] [--json]"
    static let usage = """
        usage: arena \(synopsis)

          --hours            how much is played, in simulated time            (1)
          --seed             what everything derives from                     (1)
          --bots             how many play                                    (8)
          --restart-minutes  saves the zone so often and goes on with what
                             comes back; 0 never                              (0)
          --record           makes a recording for `arena replay FILE`
          --json             prints JSON

        The hashes are the same for the same hours, seed and bots, whatever the build, the machine and the restarts.
        """

    /// Runs the soak and returns the exit code: 0 when it was done, 1 when something failed, 2 for bad flags.
    static func run(_ arguments: [String]) -> Int32 {
        if arguments.contains("--help") || arguments.contains("-h") {
            print(usage)
            return 0
        }
        let writesJSON = arguments.contains("--json")
        guard let options = options(arguments.filter { $0 != "--json" }) else {
            complain(usage)
            return 2
        }
        do {
            let clock = SystemClock()
            let start = clock.now()
            var soak = try Soak(options)
            let (report, isRecorded) = try soak.run { minute, hash in
                guard !writesJSON else { return }
                print("\(minute / 60) h \(minute % 60) min: \(text(hash))")
                fflush(nil)
            }
            let seconds = (clock.now() - start).inSeconds
            print(writesJSON ? json(report, options, seconds).text : summary(report, seconds))
            if !isRecorded { complain("arena soak: the recording could not be written whole") }
            return isRecorded ? 0 : 1
        } catch {
            complain("arena soak: \(error)")
            return 1
        }
    }

    private static func summary(_ report: Soak.Report, _ seconds: Double) -> String {
        """
        \(report.ticks) ticks, \(report.inputs) inputs, \(report.restarts) restarts in \(Int(seconds)) s (\(build))
        digest \(text(report.digest))
        """
    }

    private static func json(_ report: Soak.Report, _ options: Soak.Options, _ seconds: Double) -> JSONValue {
        [
            "hours": .number(options.hours), "seed": .integer(Int64(clamping: options.seed)),
            "bots": .integer(Int64(options.bots)), "build": .string(build), "ticks": .integer(Int64(report.ticks)),
            "inputs": .integer(Int64(report.inputs)), "restarts": .integer(Int64(report.restarts)),
            "score": .integer(Int64(report.score)), "seconds": .number((seconds * 1000).rounded() / 1000),
            "hashes": .array(report.hashes.map { .string(text($0)) }), "digest": .string(text(report.digest)),
        ]
    }

    private static var build: String {
        #if DEBUG
        "debug"
        #else
        "release"
        #endif
    }

    private static func text(_ hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// nil when a flag is unknown, lacks its value or has one that makes no sense.
    private static func options(_ arguments: [String]) -> Soak.Options? {
        guard arguments.count.isMultiple(of: 2) else { return nil }
        var options = Soak.Options()
        for index in stride(from: 0, to: arguments.count, by: 2) {
            let value = arguments[index + 1]
            switch (arguments[index], Int(value)) {
            case ("--record", _): options.recording = value
            case ("--hours", _):
                guard let hours = Double(value), hours > 0, hours <= 1000 else { return nil }
                options.hours = hours
            case ("--seed", let seed?) where seed >= 0: options.seed = UInt64(seed)
            case ("--bots", let bots?) where (0...1000).contains(bots): options.bots = bots
            case ("--restart-minutes", let minutes?) where minutes >= 0: options.restartMinutes = minutes
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
