internal import Glibc

/// One blocking TCP connection, closed with its owner.
struct Socket: ~Copyable {
    let descriptor: Int32

    /// Connects; sending and receiving then give up after `timeoutSeconds` without progress.
    init(to endpoint: Endpoint, timeoutSeconds: Int = 10) throws(ClientError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(endpoint.host, String(endpoint.port), &hints, &found)
        guard failure == 0 else { throw .unknownHost(endpoint.host) }
        defer { freeaddrinfo(found) }
        var lastErrno: Int32 = 0
        var candidate = found
        while let address = candidate?.pointee {
            let descriptor = socket(address.ai_family, address.ai_socktype, 0)
            if descriptor >= 0, connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 {
                self.descriptor = descriptor
                configure(timeoutSeconds)
                return
            }
            lastErrno = errno
            if descriptor >= 0 { close(descriptor) }
            candidate = address.ai_next
        }
        throw .system(call: "connect to \(endpoint)", errno: lastErrno)
    }

    deinit {
        close(descriptor)
    }

    private func configure(_ timeoutSeconds: Int) {
        var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sends all of `bytes`.
    func send(_ bytes: [UInt8]) throws(ClientError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                let rest = UnsafeRawBufferPointer(rebasing: raw[sent...])
                return Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system(call: "send", errno: errno) }
            sent += count
        }
    }

    /// Appends what there is to `buffer`, at most 64 KiB; waits for the first byte if told to. False when there is
    /// nothing now. The end of the stream is an error: nobody here expects one.
    @discardableResult
    func receive(into buffer: inout [UInt8], waiting: Bool) throws(ClientError) -> Bool {
        while true {
            var count = 0
            let room = 65_536
            let used = buffer.count
            buffer.append(contentsOf: repeatElement(0, count: room))
            buffer.withUnsafeMutableBytes { raw in
                let spare = UnsafeMutableRawBufferPointer(rebasing: raw[used...])
                count = recv(descriptor, spare.baseAddress, spare.count, waiting ? 0 : Int32(MSG_DONTWAIT))
            }
            let failure = errno
            buffer.removeLast(room - max(0, count))
            if count > 0 { return true }
            if count == 0 { throw .closed(code: nil) }
            switch failure {
            case EINTR: continue
            case EAGAIN where !waiting: return false
            default: throw .system(call: "recv", errno: failure)
            }
        }
    }
}
