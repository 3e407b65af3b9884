/// One step of start-up and the step of shutdown that undoes it.
struct Phase {
    let name: String
    let start: () throws(StartError) -> Void
    let stop: () -> Void

    init(_ name: String, start: @escaping () throws(StartError) -> Void, stop: @escaping () -> Void = {}) {
        self.name = name
        self.start = start
        self.stop = stop
    }
}

/// Why the server did not start, in words for one line.
package struct StartError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// Phases in order; shutdown runs them backwards, and so does a start-up that fails half-way.
final class PhaseList {
    private let phases: [Phase]
    private var startedCount = 0

    init(_ phases: [Phase]) {
        self.phases = phases
    }

    /// Starts every phase. When one throws, those before it are stopped in reverse and the error goes on.
    func start() throws(StartError) {
        for phase in phases {
            do throws(StartError) {
                try phase.start()
            } catch {
                stop()
                throw error
            }
            startedCount += 1
        }
    }

    /// Stops what has been started, in reverse.
    func stop() {
        while startedCount > 0 {
            startedCount -= 1
            phases[startedCount].stop()
        }
    }
}
