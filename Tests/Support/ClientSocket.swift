internal import CSystem
internal import Glibc

/// A blocking TCP client on loopback. Every wait ends after 20 s with an error.
package final class ClientSocket: Sendable {
    package let descriptor: Int32

    /// A system call of the client that failed.
    package struct Failure: Error, CustomStringConvertible {
        package let call: StaticString
        package let number: Int32
        package var description: String { "\(call): \(String(cString: strerror(number)))" }
    }

    /// Connects to `port` of 127.0.0.1, or of ::1 with `overIPv6`. A small `receiveBuffer` makes a slow reader of it.
    package init(port: UInt16, overIPv6: Bool = false, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(
            overIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket", number: errno) }
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard Self.connect(descriptor, port, overIPv6) == 0 else { throw Failure(call: "connect", number: errno) }
    }

    deinit {
        Glibc.close(descriptor)
    }

    private static func connect(_ descriptor: Int32, _ port: UInt16, _ overIPv6: Bool) -> Int32 {
        var v4 = sockaddr_in()
        v4.sin_family = sa_family_t(AF_INET)
        v4.sin_port = port.bigEndian
        v4.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var v6 = sockaddr_in6()
        v6.sin6_family = sa_family_t(AF_INET6)
        v6.sin6_port = port.bigEndian
        v6.sin6_addr = in6addr_loopback
        func call(_ address: UnsafeRawPointer, _ size: Int) -> Int32 {
            Glibc.connect(descriptor, address.assumingMemoryBound(to: sockaddr.self), socklen_t(size))
        }
        return overIPv6 ? call(&v6, MemoryLayout<sockaddr_in6>.size) : call(&v4, MemoryLayout<sockaddr_in>.size)
    }

    package func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { throw Failure(call: "send", number: errno) }
            rest = rest.dropFirst(sent)
        }
    }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// What one read gives, at most `maximum` bytes; empty at the end of the stream.
    package func receiveSome(_ maximum: Int = 65_536) throws -> [UInt8] {
        var number: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: maximum) { buffer, count in
            let received = recv(descriptor, buffer.baseAddress, maximum, 0)
            number = received < 0 ? errno : 0
            count = max(received, 0)
        }
        guard number == 0 else { throw Failure(call: "recv", number: number) }
        return bytes
    }

    /// Exactly `count` bytes, fewer only at the end of the stream.
    package func receive(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let some = try receiveSome(count - bytes.count)
            if some.isEmpty { break }
            bytes += some
        }
        return bytes
    }

    /// Everything up to the end of the stream.
    package func receiveToEnd() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let some = try receiveSome()
            if some.isEmpty { return bytes }
            bytes += some
        }
    }

    package func receiveText(_ count: Int) throws -> String { String(decoding: try receive(count), as: UTF8.self) }

    /// Sends a FIN and goes on reading.
    package func shutdownWriting() { Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closing sends a RST instead of a FIN from now on; shutting both ways down sends it at once.
    package func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        // Connecting to "no address" disconnects, which is a RST, and leaves the descriptor to deinit.
        var nowhere = sockaddr()
        nowhere.sa_family = sa_family_t(AF_UNSPEC)
        _ = Glibc.connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
    }
}
