internal import CSystem
internal import Glibc
internal import PylonBenchKit
internal import PylonTime

/// One connection of the request client.
final class RequestConnection {
    let descriptor: Int32
    var responses = HTTPResponses()
    /// Requests that it may still send.
    var unsent = 0
    /// Where in the script it stands.
    var nextMessage: Int
    /// When the requests without a response were sent, oldest first.
    private var sends: [Instant] = []

    /// Connects, and waits for that.
    init(port: Int, firstMessage: Int) throws(BenchError) {
        nextMessage = firstMessage
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, Loopback.connect(descriptor, port: port) else {
            throw .system(call: "connect", errno: errno)
        }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    /// Sends one request. Blocks when the server does not read, which it must before it answers.
    func send(_ message: [UInt8], at now: Instant) throws(BenchError) {
        sends.append(now)
        guard Glibc.send(descriptor, message, message.count, Int32(MSG_NOSIGNAL)) == message.count else {
            throw .system(call: "send", errno: errno)
        }
    }

    /// When the request was sent whose response has come.
    func takeOldestSend() -> Instant {
        sends.isEmpty ? Instant(nanoseconds: 0) : sends.removeFirst()
    }
}
