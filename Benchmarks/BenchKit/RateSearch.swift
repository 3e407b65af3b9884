/// Looks for the highest whole rate that passes a trial, in few trials: doubles or halves until one passes and one
/// fails, then bisects. A later failure of a rate that had passed is taken to be the truth.
package struct RateSearch: Sendable {
    /// How far apart the highest pass and the lowest failure may end, as a share of the rate.
    private let resolution: Double
    private let start: Int
    private let limit: Int
    private var passes: [Int] = []
    private var lowestFailure: Int?

    /// Searches 1 to `limit`, beginning with `start`.
    package init(start: Int, limit: Int, resolution: Double = 0.02) {
        self.start = min(max(1, start), limit)
        self.limit = limit
        self.resolution = resolution
    }

    /// The highest rate that passed; 0 when none did.
    package var best: Int { passes.max() ?? 0 }

    /// The rate to try next; nil when the answer is known well enough.
    package var next: Int? {
        guard let lowestFailure else {
            if best == 0 { return start }
            return best < limit ? min(best * 2, limit) : nil
        }
        if best == 0 { return lowestFailure > 1 ? lowestFailure / 2 : nil }
        let gap = lowestFailure - best
        return gap > max(1, Int(Double(best) * resolution)) ? best + gap / 2 : nil
    }

    /// Takes the outcome of a trial.
    package mutating func record(_ rate: Int, passed: Bool) {
        if passed {
            if rate < lowestFailure ?? .max { passes.append(rate) }
        } else {
            lowestFailure = min(rate, lowestFailure ?? .max)
            passes.removeAll { $0 >= rate }
        }
    }
}
