internal import CSystem
internal import Glibc

/// Why a socket of a test could not go on.
package enum SocketError: Error, Hashable {
    /// The peer did not do its part in time; what was waited for.
    case deadline(String)
    /// The peer reset the connection.
    case reset
    /// The peer ended the connection where more was due.
    case ended
    /// Any other failure: the call and its error number.
    case failed(String, Int32)
}

/// A blocking TCP connection to a server on the loopback, in which every wait has a deadline. One thread at a time.
package final class TestSocket {
    /// How long a wait may take: far beyond what a busy machine needs, well below what stalls a test run.
    package static let patience: Duration = .seconds(20)

    private let descriptor: Int32
    private var isOpen = true
    /// Bytes received and not yet taken.
    package private(set) var received: [UInt8] = []
    private var receivedStart = 0

    /// Connects to `port`. A small `receiveBufferBytes` makes a reader whose kernel takes little on its behalf.
    package init(port: UInt16, receiveBufferBytes: Int32? = nil) throws(SocketError) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .failed("socket", errno) }
        if var bytes = receiveBufferBytes {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        let result = Self.withLoopbackAddress(port: port) { connect(descriptor, $0, $1) }
        guard result == 0 else {
            let number = errno
            Glibc.close(descriptor)
            throw .failed("connect", number)
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    /// Connects to the Unix socket at `path`.
    package init(path: String) throws(SocketError) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .failed("socket", errno) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let number = errno
            Glibc.close(descriptor)
            throw .failed("connect", number)
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close()
    }

    /// 127.0.0.1 and `port` as the system calls want them.
    static func withLoopbackAddress<R>(port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    // MARK: Sending

    /// Sends all of `bytes`.
    package func send(_ bytes: [UInt8]) throws(SocketError) {
        var offset = 0
        while offset < bytes.count {
            let sent = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset, Int32(MSG_NOSIGNAL))
            }
            if sent >= 0 {
                offset += sent
            } else if errno == EAGAIN {
                try wait(for: POLLOUT, "room to send")
            } else if errno != EINTR {
                throw Self.error("send")
            }
        }
    }

    /// Sends `text` as UTF-8.
    package func send(_ text: String) throws(SocketError) {
        try send(Array(text.utf8))
    }

    /// Sends `bytes` again and again until the peer has taken none of it for half a second, or `bytesMaximum` have gone. Returns how
    /// many went.
    package func flood(_ bytes: [UInt8], bytesMaximum: Int) throws(SocketError) -> Int {
        var total = 0
        var offset = 0
        while total < bytesMaximum {
            let sent = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset, Int32(MSG_NOSIGNAL))
            }
            if sent >= 0 {
                total += sent
                offset = (offset + sent) % bytes.count
            } else if errno == EAGAIN {
                guard Self.poll(descriptor, for: POLLOUT, within: .milliseconds(500)) else { return total }
            } else if errno != EINTR {
                throw Self.error("send")
            }
        }
        return total
    }

    /// Says that nothing more will be sent, and goes on reading.
    package func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    // MARK: Receiving

    /// Waits for more bytes and appends them to what is there. Returns false at the end of the stream.
    package func receiveMore(within patience: Duration = TestSocket.patience) throws(SocketError) -> Bool {
        if receivedStart > 0 {
            received.removeFirst(receivedStart)
            receivedStart = 0
        }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count > 0 {
                received.append(contentsOf: chunk[..<count])
                return true
            }
            if count == 0 { return false }
            if errno == EAGAIN {
                try wait(for: POLLIN, "bytes", within: patience)
            } else if errno != EINTR {
                throw Self.error("recv")
            }
        }
    }

    /// The bytes received and not yet taken.
    package var waiting: ArraySlice<UInt8> { received[receivedStart...] }

    /// Takes `count` bytes, waiting for them.
    package func take(_ count: Int) throws(SocketError) -> [UInt8] {
        while waiting.count < count {
            guard try receiveMore() else { throw .ended }
        }
        let bytes = Array(waiting.prefix(count))
        receivedStart += count
        return bytes
    }

    /// Takes everything that is there now, waiting for at least a byte; nil at the end of the stream.
    package func takeSome() throws(SocketError) -> [UInt8]? {
        if waiting.isEmpty {
            guard try receiveMore() else { return nil }
        }
        return try take(waiting.count)
    }

    /// Takes everything up to and including the first `mark`, waiting for it.
    package func take(through mark: String) throws(SocketError) -> [UInt8] {
        let mark = Array(mark.utf8)
        var from = 0
        while true {
            let bytes = Array(waiting)
            var index = from
            while index + mark.count <= bytes.count {
                if bytes[index..<(index + mark.count)].elementsEqual(mark) { return try take(index + mark.count) }
                index += 1
            }
            from = max(0, bytes.count - mark.count + 1)
            guard try receiveMore() else { throw .ended }
        }
    }

    /// Takes everything to the end of the stream. A reset is an end, too.
    package func takeRest() throws(SocketError) -> [UInt8] {
        do throws(SocketError) {
            while try receiveMore() {}
        } catch .reset {
            // The peer closed while something of ours was still unread: all the same to whoever waits for the end.
        }
        return try take(waiting.count)
    }

    /// Throws away what the kernel holds now, without waiting and without allocating.
    package func discard() {
        // With this flag TCP drops what it would have copied (tcp(7)).
        while recv(descriptor, nil, 1 << 20, Int32(MSG_TRUNC)) > 0 {}
    }

    /// Waits for the peer to end the connection, by a close or a reset, within `patience`; throws away what came before.
    package func waitForEnd(within patience: Duration = TestSocket.patience) throws(SocketError) {
        let deadline = ContinuousClock.now + patience
        do throws(SocketError) {
            while try receiveMore(within: deadline - ContinuousClock.now) { receivedStart = received.count }
        } catch .reset {
            // As good an end as any.
        }
    }

    // MARK: Ending

    /// Closes in the orderly way.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(descriptor)
    }

    /// Closes with a reset, as a crashed or unplugged client does.
    package func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    private func wait(
        for event: Int32, _ what: String, within patience: Duration = TestSocket.patience
    ) throws(SocketError) {
        guard Self.poll(descriptor, for: event, within: patience) else { throw .deadline(what) }
    }

    /// Whether `descriptor` became ready for `event` within `patience`.
    static func poll(_ descriptor: Int32, for event: Int32, within patience: Duration) -> Bool {
        let deadline = ContinuousClock.now + patience
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            let rest = max(.zero, deadline - ContinuousClock.now)
            let milliseconds = rest.components.seconds * 1000 + rest.components.attoseconds / 1_000_000_000_000_000
            let result = Glibc.poll(&entry, 1, Int32(milliseconds + 1))
            if result > 0 { return true }
            if result == 0 { return false }
        }
    }

    private static func error(_ call: String) -> SocketError {
        errno == ECONNRESET || errno == EPIPE ? .reset : .failed(call, errno)
    }
}

/// A socket that listens and never accepts: something else on a port.
package final class PortHolder {
    /// The port held.
    package let port: UInt16
    private let descriptor: Int32
    private var isHeld = true

    /// Takes any free port of the loopback.
    package init() throws(SocketError) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let bound = TestSocket.withLoopbackAddress(port: 0) { bind(descriptor, $0, $1) }
        guard bound == 0, listen(descriptor, 1) == 0 else { throw .failed("bind", errno) }
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        port = UInt16(bigEndian: address.sin_port)
    }

    /// Gives the port back; does nothing the second time.
    package func release() {
        guard isHeld else { return }
        isHeld = false
        close(descriptor)
    }

    deinit {
        release()
    }
}
