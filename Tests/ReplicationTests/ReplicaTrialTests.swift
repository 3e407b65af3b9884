import PylonReplicaTrial
import PylonTestSupport
import Testing

/// Whatever the line does to frames and acknowledgements, clients show what the server says.
struct ReplicaTrialTests {
    @Test func clientsShowWhatTheServerSaysWhateverTheLineDoes() throws {
        let seed = testSeed()
        var (applied, starved, visible) = (0, 0 as UInt64, 0)
        for part in 0..<20 {
            var trial = ReplicaTrial(seed: seed &+ UInt64(part))
            try trial.run(ticks: 1000)
            let report = trial.report
            #expect(report.framesLost > 0 && report.framesStale > 0 && report.keyframesApplied > 0)
            applied += report.framesApplied
            starved += report.entitiesStarved
            visible += report.visibilityChecks
        }
        // Of 75,000 frames that were sent.
        #expect(applied > 20_000)
        #expect(starved > 0)
        #expect(visible > 5000)
    }
}
