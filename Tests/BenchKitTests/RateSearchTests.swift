import PylonBenchKit
import Testing

@Suite struct RateSearchTests {
    /// Searches against a sender that keeps rates up to `truth`; returns the answer and the number of trials.
    private func search(truth: Int, start: Int, limit: Int = 1000) -> (best: Int, trials: Int) {
        var search = RateSearch(start: start, limit: limit)
        var trials = 0
        while let rate = search.next, trials < 100 {
            search.record(rate, passed: rate <= truth)
            trials += 1
        }
        return (search.best, trials)
    }

    @Test(arguments: [1, 2, 3, 7, 50, 99, 100, 101, 199, 200, 333, 640, 999], [1, 30, 100, 1000])
    func theAnswerPassesAndLiesWithinTheResolution(truth: Int, start: Int) {
        let found = search(truth: truth, start: start)
        #expect(found.best <= truth)
        #expect(found.best + max(1, found.best / 50) >= truth)
        #expect(found.trials <= 18)
    }

    @Test func whatPassesUpToTheLimitEndsThere() {
        #expect(search(truth: .max, start: 100).best == 1000)
        #expect(search(truth: 64, start: 100, limit: 64).best == 64)
    }

    @Test func nothingPassesWhenNotEvenOneDoes() {
        let found = search(truth: 0, start: 100)
        #expect(found.best == 0 && found.trials <= 8)
    }

    @Test func aFailedConfirmationReopensTheSearchBelow() {
        var search = RateSearch(start: 100, limit: 1000)
        search.record(100, passed: true)
        search.record(200, passed: true)
        search.record(204, passed: false)
        #expect(search.next == nil && search.best == 200)
        search.record(200, passed: false)
        #expect(search.best == 100)
        #expect(search.next == 150)
    }
}
