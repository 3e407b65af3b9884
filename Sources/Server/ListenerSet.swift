internal import Glibc
internal import PylonBytes
internal import PylonCrypto
internal import PylonEventLoop
internal import PylonGateway
internal import PylonNet
internal import PylonTelemetry

/// The sockets that the server listens on, with a listener for each on every loop.
final class ListenerSet {
    /// P, P+1, P+2, P+3, once open.
    private(set) var ports: [UInt16] = []

    private let loops: [EventLoop]
    private let counters: NetCounters
    private let log: Log
    private var listeners: [Listener] = []
    private var localPath: String?

    init(loops: [EventLoop], counters: NetCounters, log: Log) {
        self.loops = loops
        self.counters = counters
        self.log = log
    }

    /// Opens one TCP port for each service, in order, from `basePort` on; 0 takes free ones.
    func open(
        _ services: [HTTPService], address: IPAddress, basePort: UInt16, cap: AddressCap
    ) throws(StartError) {
        let opened =
            try basePort == 0
            ? openFreePorts(address, services.count) : openPorts(address, from: basePort, services.count)
        ports = opened.map(\.port)
        for (service, sockets) in zip(services, opened) {
            start(service, on: sockets.descriptors, cap: cap)
        }
    }

    /// Opens a Unix socket at `path`, over which `service` is served to the same host without a cap.
    func openLocal(_ service: HTTPService, path: String) throws(StartError) {
        do throws(SystemError) {
            let descriptors = try ListeningSocket.openLocal(path: path, count: loops.count)
            localPath = path
            start(service, on: descriptors, cap: .unlimited)
        } catch {
            let problem = error.number == EADDRINUSE ? "another server listens there" : "\(error)"
            throw StartError(description: "cannot listen on \(path): \(problem)")
        }
    }

    /// Closes all of them and takes the Unix socket's file away.
    func close() {
        let listeners = listeners
        self.listeners = []
        if let localPath { unlink(localPath) }
        localPath = nil
        for loop in loops {
            nonisolated(unsafe) let own = listeners.filter { $0.loop === loop }
            // Safety: only the loop's thread touches its listeners.
            loop.submit { own.forEach { $0.stop() } }
        }
    }

    private func start(_ service: HTTPService, on descriptors: [Int32], cap: AddressCap) {
        for (loop, descriptor) in zip(loops, descriptors) {
            let listener = Listener(descriptor: descriptor, loop: loop, cap: cap, counters: counters) { connection in
                HTTPConnection(service: service, connection: connection)
            }
            listeners.append(listener)
            nonisolated(unsafe) let handed = listener
            // Safety: from here on only the loop's thread touches the listener.
            loop.submit { [log] in
                do { try handed.start() } catch { log.error("cannot listen: \(error)") }
            }
        }
    }

    private typealias OpenPort = (descriptors: [Int32], port: UInt16)

    private func openPorts(
        _ address: IPAddress, from base: UInt16, _ count: Int
    ) throws(StartError) -> [OpenPort] {
        var opened: [OpenPort] = []
        for offset in 0..<UInt16(count) {
            do throws(SystemError) {
                opened.append(try ListeningSocket.open(address: address, port: base + offset, count: loops.count))
            } catch {
                opened.flatMap(\.descriptors).forEach { Glibc.close($0) }
                throw StartError(description: "cannot listen on port \(base + offset): \(Self.advice(on: error))")
            }
        }
        return opened
    }

    private static func advice(on error: SystemError) -> String {
        switch error.number {
        case EADDRINUSE: "it is taken; choose another with --port"
        case EACCES: "only root may; choose one from 1024 on with --port"
        default: "\(error); check --host"
        }
    }

    /// Looks for consecutive free ports: the offset rule P, P+1, P+2, P+3 holds whatever P is.
    private func openFreePorts(_ address: IPAddress, _ count: Int) throws(StartError) -> [OpenPort] {
        for _ in 0..<64 {
            // Anywhere above the registered ports and below the kernel's own range for outgoing connections.
            let base = UInt16(20_000 + SecureRandom.number() % 12_000)
            if let opened = try? openPorts(address, from: base, count) { return opened }
        }
        throw StartError(description: "found no \(count) consecutive free ports")
    }
}
