internal import Glibc

/// A running process that makes a load's frames, and how clients reach it.
protocol Sender {
    /// Its CPU and memory are counted, with those of its descendants.
    var pid: pid_t { get }
    /// Where its clients connect.
    var clientPort: Int { get }
    /// What they authenticate with; empty for nothing.
    var clientToken: String { get }

    /// What a client asks for: `{shard}` and `{n}` stand for the numbers of its shard and of itself.
    func target(events: Bool) -> String
}
