import PylonReplicaTrial
import PylonTestSupport
import Testing

/// Whatever the line does to frames and acknowledgements, clients show what the server says. `pylon-bench replica` runs the same for
/// a million ticks.
struct ReplicaTrialTests {
    private static let seed = testSeed()

    @Test(arguments: 0..<10)
    func clientsShowWhatTheServerSaysWhateverTheLineDoes(zone: UInt64) throws {
        var trial = ReplicaTrial(seed: Self.seed &+ zone, clients: 3, entities: 40)
        try trial.run(ticks: 1000)
        let report = trial.report
        #expect(report.framesLost > 0 && report.framesStale > 0 && report.framesDoubled > 0)
        #expect(report.keyframesApplied > 0 && report.framesApplied > 300 && report.entitiesCompared > 0)
        #expect(report.hashesCompared > 50)
    }
}
