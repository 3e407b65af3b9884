internal import CSystem
internal import Glibc
public import PylonAPI
public import PylonJSON
public import PylonMatchmaking
internal import PylonOperations
public import PylonRecords
public import PylonShardHost

/// A whole server in one value: the kinds of shard it can run, the shards to begin with, and the pages to hand out.
///
/// ```swift
/// ShardServer(kinds: [ShardKind("arena") { ArenaZone(seed: $0.seed) }], shards: [InitialShard(id: "main", kind: "arena")]).main()
/// ```
public struct ShardServer: Sendable {
    /// The version of this package.
    public static let version = "0.1.0"

    let program: String
    let kinds: [ShardKind]
    let shards: [InitialShard]
    let queues: [MatchQueue]
    let pages: [Page]
    let actions: [Action]
    let hooks: [RecordHook]
    let verbs: [Verb]

    /// `program` is the name in `--help`; `queues` are those of the matchmaker; `actions` are what the manifest's actions do, `hooks` run
    /// on every change of its rows; `verbs` are commands of your own beside `serve`.
    public init(
        program: String = "pylon", kinds: [ShardKind] = [], shards: [InitialShard] = [], queues: [MatchQueue] = [],
        pages: [Page] = [], actions: [Action] = [], hooks: [RecordHook] = [], verbs: [Verb] = []
    ) {
        self.program = program
        self.kinds = kinds
        self.shards = shards
        self.queues = queues
        self.pages = pages
        self.actions = actions
        self.hooks = hooks
        self.verbs = verbs
    }

    /// Runs the command line: `serve` (also without a verb), a verb of your own, the operator's (`schema`, `policy`, `backup`, `restore`, `replay`),
    /// `--help` or `--version`. Exits with 0 after a clean shutdown, 1 when the server cannot start, 64 when the command line or the
    /// environment is wrong; docs/operations.md has the rest.
    public func main() -> Never {
        main(arguments: Array(CommandLine.arguments.dropFirst()))
    }

    func main(arguments: [String]) -> Never {
        guard let first = arguments.first else { serve([]) }
        // A verb's own --help is its own business.
        if let verb = verbs.first(where: { $0.name == first }) { exit(verb.run(Array(arguments.dropFirst()))) }
        let status = CommandTable.run(arguments, program: program, environment: Environment.all, kinds: kinds)
        if let status { exit(status) }
        if arguments.contains("--help") || first == "help" || first == "-h" {
            print(Usage.text(program: program, verbs: verbs.map { ($0.usage, $0.effect) }))
            exit(0)
        }
        if arguments.contains("--version") || first == "version" {
            print("\(program) \(Self.version)")
            exit(0)
        }
        if first == "serve" { serve(Array(arguments.dropFirst())) }
        if first.hasPrefix("-") { serve(arguments) }
        let names = verbs.map(\.name) + ["serve", "help", "version"] + CommandTable.firstWords
        let question = NameSuggestion.nearest(to: first, among: names).map { "did you mean \($0)? " } ?? ""
        fail("unknown command \(first); \(question)see --help", .usage)
    }

    private func serve(_ arguments: [String]) -> Never {
        do throws(UsageProblem) {
            let configuration = try Configuration(arguments: arguments, environment: Environment.all)
            serve(configuration)
        } catch {
            fail(error.description, .usage)
        }
    }

    private func serve(_ configuration: Configuration) -> Never {
        let signals = Signals()
        do throws(StartError) {
            let process = try ServerProcess(server: self, configuration: configuration)
            try process.start()
            process.announce()
            signals.wait()
            process.shutDown(orWhen: { signals.isPending })
            exit(0)
        } catch {
            fail(error.description, .failure)
        }
    }

    private func fail(_ message: String, _ status: ExitStatus) -> Never {
        // Nobody is left to tell when standard error itself is gone.
        let line = "\(program): \(message)\n"
        _ = line.withCString { write(2, $0, strlen($0)) }
        exit(status.rawValue)
    }
}

/// A shard that is there from the start, and stays: unless its `config` says otherwise it never stops for idleness, since nobody but an
/// administrator could bring it back.
public struct InitialShard: Sendable {
    public let id: String
    /// The name of one of the server's kinds.
    public let kind: String
    /// What `POST /api/shards` takes as `config`.
    public let config: JSONValue

    public init(id: String, kind: String, config: JSONValue = [:]) {
        self.id = id
        self.kind = kind
        self.config = config
    }
}

/// A command beside `serve`.
public struct Verb: Sendable {
    public let name: String
    /// The name with its arguments, for `--help`.
    public let usage: String
    public let effect: String
    let run: @Sendable ([String]) -> Int32

    /// `run` gets the arguments behind the name and returns the exit status.
    public init(
        _ name: String, usage: String, effect: String, run: @escaping @Sendable ([String]) -> Int32
    ) {
        self.name = name
        self.usage = usage
        self.effect = effect
        self.run = run
    }
}
