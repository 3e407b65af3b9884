/// The fan-out scenario: one shard, many subscribers, the server's cost per delivered frame beside the bare C send
/// loop's in the same run on the same core.
struct Fanout: Scenario {
    static let name = "fanout"
    static let grammar = Arguments.Grammar(
        values: Peer.flags.union(["clients", "hz", "bytes", "transport", "mode", "seconds", "warmup", "stuck"]),
        switches: ["floor", "no-floor", "no-server", "no-counters"])

    static let usage = """
        pylon-bench fanout [--clients 1000,4000] [--hz 20,60] [--bytes 512,4096] [--transport ws,sse,unix]
                           [--seconds 5] [--warmup 1] [--no-server] [--no-floor] [--stuck PERCENT] [--no-counters]
                           [--peer NAME --pid PID --port PORT [--target PATH]]
          Starts the bare send loop and the server in turn on core 0 and reads N streams from core 1.
          --stuck         this share of the clients never reads; the others' frames are counted
          --no-counters   skip the extra second in which system calls and allocations are counted
          --mode          the same as --transport
          --peer NAME     measure a running server instead of pylon: process PID with its descendants, listening on
                          127.0.0.1:PORT; it makes the frames of the one case given, for clients that ask for PATH,
                          in which {n} stands for their number (by default `\(Peer.defaultTarget)`)
        """

    private let rig: Rig
    private let peer: Peer?
    private let cases: [FanoutCase]
    private let timing: Rig.Timing
    private let withFloor: Bool

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        let transports = try Transport.list(
            try arguments.string("transport", default: try arguments.string("mode", default: "ws,sse")))
        let clients = try arguments.numbers("clients", default: [1000, 4000], in: 1...60_000)
        let rates = try arguments.numbers("hz", default: [20, 60], in: 1...10_000)
        let sizes = try arguments.numbers("bytes", default: [512, 4096], in: 80...1_000_000)
        let stuckPercent = try arguments.number("stuck", default: 0, in: 0...90)
        try Rig.checkFileLimit(clients: clients.max() ?? 0)
        var cases: [FanoutCase] = []
        for transport in transports {
            for clients in clients {
                for rate in rates {
                    for bytes in sizes {
                        cases.append(
                            FanoutCase(
                                transport: transport, clients: clients, rateHz: rate, payloadBytes: bytes,
                                stuckClients: clients * stuckPercent / 100))
                    }
                }
            }
        }
        peer = try Peer(arguments)
        if peer != nil, cases.count != 1 || transports == [.unixSocket] {
            throw .usage("a peer makes the frames of one case: give one of ws and sse, one rate, one size, one count")
        }
        self.cases = cases
        self.rig = rig
        timing = Rig.Timing(
            warmup: .seconds(try arguments.number("warmup", default: 1, in: 0...600)),
            seconds: try arguments.number("seconds", default: 5, in: 1...3600),
            withCounters: !arguments.has("no-counters"))
        withFloor = !arguments.has("no-floor")
        guard rig.serverPath == nil, peer == nil else { return }
        if !withFloor { throw .usage("neither a server nor the floor to measure") }
        Console.note("no server to measure (build `pylon` or name one with --server): floor only")
    }

    func run(_ output: Output) throws(BenchError) {
        if !output.isJSON { Console.print(Report.tableHead) }
        for load in cases {
            var result = CaseResult(load: load)
            if let peer { result.serverName = peer.name }
            for run in 0..<rig.runs {
                for side in Rig.order(run: run) where isMeasured(side) {
                    Console.note("\(load.name): \(result.name(of: side)), run \(run + 1) of \(rig.runs)")
                    let measurement = try measure(side, load)
                    if side == .floor { result.floor.append(measurement) } else { result.pylon.append(measurement) }
                }
            }
            output.print(lines: Report.tableLines(result), json: Report.json(result))
        }
    }

    private func isMeasured(_ side: Side) -> Bool {
        side == .floor ? withFloor : peer != nil || rig.serverPath != nil
    }

    private func measure(_ side: Side, _ load: FanoutCase) throws(BenchError) -> Measurement {
        guard side == .pylon, let peer else { return try rig.measure(side, load, timing) }
        return try rig.measure(peer, since: peer.idle, load, timing)
    }
}
