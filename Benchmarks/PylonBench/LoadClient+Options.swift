internal import PylonTime

extension LoadClient {
    /// What the client is told when it is started.
    struct Options {
        var port: Int
        var clients: Int
        /// How many of them stop reading once their stream is open; these are not counted.
        var stuckClients = 0
        var transport: Transport
        var payloadBytes: Int
        /// The request target, with `{shard}` and `{n}` for the numbers of a client's shard and of itself.
        var target: String
        /// Clients take turns: client `n` watches shard `n % shards`.
        var shards = 1
        var token: String
        var timeout: Duration

        static let grammar = Arguments.Grammar(
            values: ["core", "port", "clients", "transport", "bytes", "target", "shards", "token", "timeout", "stuck"])

        init(
            port: Int, clients: Int, stuckClients: Int = 0, transport: Transport, payloadBytes: Int, target: String,
            shards: Int = 1, token: String, timeout: Duration
        ) {
            self.port = port
            self.clients = clients
            self.stuckClients = stuckClients
            self.transport = transport
            self.payloadBytes = payloadBytes
            self.target = target
            self.shards = shards
            self.token = token
            self.timeout = timeout
        }

        /// Reads what `words` wrote.
        init(_ arguments: Arguments) throws(BenchError) {
            guard let transport = try Transport.list(try arguments.string("transport")).first else {
                throw .usage("--transport is empty")
            }
            self.transport = transport
            port = try arguments.number("port", in: 1...65_535)
            clients = try arguments.number("clients", in: 1...60_000)
            stuckClients = try arguments.number("stuck", default: 0, in: 0...60_000)
            payloadBytes = try arguments.number("bytes", in: 1...1_000_000)
            target = try arguments.string("target")
            shards = try arguments.number("shards", default: 1, in: 1...1_000_000)
            token = try arguments.string("token", default: "")
            timeout = .seconds(try arguments.number("timeout", default: 60, in: 1...3600))
        }

        /// The command line that `init` reads.
        var words: [String] {
            [
                "--port", "\(port)", "--clients", "\(clients)", "--stuck", "\(stuckClients)", "--transport",
                transport.rawValue, "--bytes", "\(payloadBytes)", "--target", target, "--shards", "\(shards)",
                "--token=\(token)", "--timeout", "\(timeout.components.seconds)",
            ]
        }

        /// What client `number` asks for.
        func target(of number: Int) -> String {
            target.replacing("{shard}", with: "\(number % shards)").replacing("{n}", with: "\(number)")
        }
    }
}
