internal import Glibc

/// A server that runs already and makes the frames of one case by itself: measured in the place of `pylon serve`.
struct Peer: Sender {
    /// The flags that describe a peer.
    static let flags: Set<String> = ["peer", "pid", "port", "target"]
    static let defaultTarget = "/?c={n}"

    /// What the results call it.
    let name: String
    let pid: pid_t
    let clientPort: Int
    /// What it had used before its first client: it outlives the runs, which would hide what clients cost it.
    let idle: ProcessSample
    private let target: String

    /// What `--peer` and its companions describe; nil without `--peer`.
    init?(_ arguments: Arguments) throws(BenchError) {
        guard let name = arguments.values["peer"] else {
            if let flag = Self.flags.sorted().first(where: { arguments.values[$0] != nil }) {
                throw .usage("--\(flag) needs --peer")
            }
            return nil
        }
        self.name = name
        pid = pid_t(try arguments.number("pid", in: 1...Int(pid_t.max)))
        clientPort = try arguments.number("port", in: 1...65_535)
        target = try arguments.string("target", default: Self.defaultTarget)
        idle = try ProcessSample(familyOf: pid)
    }

    /// Peers let anyone in.
    var clientToken: String { "" }

    func target(events: Bool) -> String { target }
}
