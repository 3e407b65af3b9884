import CSystem
import Glibc
import PylonBytes
import PylonEventLoop
import PylonNet
import PylonTestSupport
import PylonTelemetry
import Testing

@Suite struct ListenerTests {
    private static let loopback = IPAddress.v4(0x7F00_0001)

    @Test func everyClientIsAcceptedAndCounted() throws {
        let server = try TestServer()
        // More than one turn takes.
        let clients = try (0..<150).map { _ in try ClientSocket(port: server.port) }
        for _ in clients { _ = try server.nextAccepted() }
        // The last is counted by the end of the turn that accepts it.
        try server.thread.turn()
        #expect(server.counters.accepted.value == 150)
        #expect(server.counters.open.value == 150)
        server.stop()
        #expect(server.counters.open.value == 0)
        for client in clients { #expect(try client.receiveToEnd().isEmpty) }
    }

    @Test func aStoppedListenerRefuses() throws {
        let server = try TestServer()
        let port = server.port
        server.stop()
        let error = #expect(throws: ClientSocket.Failure.self) { try ClientSocket(port: port) }
        #expect(error?.number == ECONNREFUSED)
    }

    @Test func thePeerOfAnIPv4ClientIsItsAddress() throws {
        let server = try TestServer()
        let (client, connection) = try server.connect()
        #expect(connection.value.peer == Self.loopback)
        withExtendedLifetime(client) {}
        server.stop()
    }

    @Test func thePeerOfAnIPv6ClientIsItsAddress() throws {
        let server = try TestServer(address: .v6(high: 0, low: 1))
        let client = try ClientSocket(port: server.port, overIPv6: true)
        #expect(try server.nextAccepted().value.peer == .v6(high: 0, low: 1))
        withExtendedLifetime(client) {}
        server.stop()
    }

    @Test func anIPv4ClientOfAnIPv6ListenerIsSeenAsIPv4() throws {
        let server = try TestServer(address: .v6(high: 0, low: 0))
        let (client, connection) = try server.connect()
        #expect(connection.value.peer == Self.loopback)
        withExtendedLifetime(client) {}
        server.stop()
    }

    @Test func aPortInUseIsNoticedAlthoughItCouldBeShared() throws {
        let server = try TestServer()
        let error = #expect(throws: SystemError.self) {
            try ListeningSocket.open(address: Self.loopback, port: server.port, count: 1)
        }
        #expect(error?.number == EADDRINUSE)
        #expect(error?.description == "bind: Address already in use")
        server.stop()
        // A port just left is free at once, whatever lingers of its connections.
        let (descriptors, port) = try ListeningSocket.open(address: Self.loopback, port: server.port, count: 2)
        #expect(port == server.port && descriptors.count == 2)
        descriptors.forEach { close($0) }
    }

    @Test func severalSocketsShareTheFreePortThatWasTaken() throws {
        let (descriptors, port) = try ListeningSocket.open(address: Self.loopback, port: 0, count: 4)
        #expect(port != 0 && Set(descriptors).count == 4)
        let client = try ClientSocket(port: port)
        withExtendedLifetime(client) {}
        descriptors.forEach { close($0) }
    }

    @Test func acceptedSocketsSendAtOnce() throws {
        let server = try TestServer()
        let (client, connection) = try server.connect()
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(connection.value.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &length)
        #expect(value != 0)
        withExtendedLifetime(client) {}
        server.stop()
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.255.0.3", true), ("::1", true), ("0.0.0.0", false), ("10.0.0.1", false),
        ("::", false),
    ])
    func loopbackAddressesAreKnown(text: String, isLoopback: Bool) throws {
        #expect(try #require(IPAddress(text)).isLoopback == isLoopback)
    }
}
