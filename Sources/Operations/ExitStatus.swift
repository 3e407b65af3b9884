/// How a command ended, for the shell (spec/data.md 6.3).
package enum ExitStatus: Int32, Hashable, Sendable {
    case ok = 0
    case failure = 1
    /// The command line or the environment is wrong.
    case usage = 64
    /// What it needs is not there or busy; the same command may succeed later.
    case unavailable = 69
}
