/// One benchmark of `pylon-bench`: its flags, its help and what it does.
protocol Scenario {
    /// The word on the command line.
    static var name: String { get }
    static var usage: String { get }
    /// Its flags besides those of `Rig.grammar`.
    static var grammar: Arguments.Grammar { get }

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError)

    /// Measures every case and prints each as it is done.
    func run(_ output: Output) throws(BenchError)
}

/// All of them, in the order of the help.
enum Scenarios {
    static var table: [any Scenario.Type] {
        [
            Fanout.self, Saturation.self, Freshness.self, Events.self, Idle.self, Churn.self, Storm.self,
            ManyShards.self, Matchmaking.self, Data.self, Zone.self, Replica.self, Deltas.self, Gate.self,
        ]
    }

    static var usage: String {
        table.map { $0.usage }.joined(separator: "\n") + """

              Every scenario: [--server PATH] [--runs N] [--json [FILE]] [--verbose]
              --server PATH   the pylon executable; by default the one beside pylon-bench
              --runs          repeat, sides taking turns to go first, and report medians
              --json          print one JSON object for each case; with FILE, write them there too
              --verbose       let the server's log through
            """
    }

    /// Runs the scenario called `name` with the words behind it; false when there is none.
    static func run(_ name: String, _ words: ArraySlice<String>) throws(BenchError) -> Bool {
        guard let scenario = table.first(where: { $0.name == name }) else { return false }
        let arguments = try Arguments(words, scenario.grammar.adding(Rig.grammar))
        #if DEBUG
        Console.note("this is a debug build: build with -c release before believing a number")
        #endif
        let output = try Output(arguments)
        try scenario.init(arguments, Rig(arguments, Interruption())).run(output)
        return true
    }
}
