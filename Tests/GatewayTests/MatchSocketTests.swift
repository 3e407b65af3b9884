@testable internal import PylonAPI
internal import PylonGateway
internal import PylonMatchmaking
internal import PylonNet
internal import PylonTestSupport
internal import PylonThreading
internal import PylonTime
internal import PylonWebSocket
internal import Testing

/// What the matchmaker's thread does when clients ask for more than it gets done: here it stands still until a test starts it.
@Suite struct MatchSocketTests {
    private let thread = BlockingThread(name: "match-news", capacity: MatchDesk.threadCapacity)
    private let watchers: MatchWatchers
    private let desk: MatchDesk

    init() {
        watchers = MatchWatchers(thread: thread)
        let matchmaker = Matchmaker(
            queues: [], clock: ManualClock(), launcher: NoShards(), random: { 1 }, makeCode: { "code" })
        desk = MatchDesk(matchmaker: matchmaker, watchers: watchers, thread: thread)
    }

    /// Starts the thread, and ends it once it has done what waits.
    private func work() {
        let running = thread.start()
        thread.close()
        running.join()
    }

    private func fill() {
        while desk.submit({}) {}
        #expect(desk.piecesWaiting == MatchDesk.piecesMaximum)
    }

    @Test func oneSocketHasOnePieceOfWorkAtATime() throws {
        let gateway = try GatewayHarness(webSocket: MatchSocket.factory(desk: desk, cap: .unlimited))
        let socket = try WebSocketClient(port: gateway.port, "/", token: "admin")
        // The status at the beginning is the piece that waits.
        for _ in 0..<20 { try socket.send(text: #"{"type":"status"}"#) }
        #expect(gateway.eventually { desk.piecesWaiting > 0 })
        for _ in 0..<100 { gateway.turn() }
        #expect(desk.piecesWaiting == 1)
        let running = thread.start()
        for _ in 0..<21 { #expect(try socket.next() == .text(#"{"type":"status","status":"idle"}"#)) }
        thread.close()
        running.join()
    }

    @Test func newsHaveRoomWhenClientsHaveTakenAllOfTheirs() {
        let told = Lock(0)
        #expect(watchers.watch("ann", { told.withLock { $0 += 1 } }) != nil)
        fill()
        watchers.changed(["ann"])
        work()
        #expect(told.withLock { $0 } == 1)
    }

    @Test func newsThatFoundNoRoomAreToldWithTheNext() {
        let narrow = BlockingThread(name: "narrow", capacity: 1)
        let watchers = MatchWatchers(thread: narrow)
        let told = Lock<[String]>([])
        for name in ["ann", "bob"] { _ = watchers.watch(name, { told.withLock { $0.append(name) } }) }
        let begun = BlockingQueue<Bool>(capacity: 1)
        #expect(narrow.submit { _ = begun.push(true) })
        watchers.changed(["ann"])
        let running = narrow.start()
        _ = begun.popAll()
        watchers.changed(["bob"])
        narrow.close()
        running.join()
        #expect(told.withLock { $0.sorted() } == ["ann", "bob"])
    }

    @Test func whoeverWaitsIsAnsweredEvenIfLater() throws {
        let gateway = try GatewayHarness()
        let answers = BlockingQueue<String>(capacity: 2)
        desk.await("ann", unless: "idle", for: .seconds(1), timer: gateway.loop) { _ = answers.push($0.name) }
        gateway.turn()
        fill()
        gateway.advance(by: .seconds(1))
        for _ in 0..<3 { gateway.turn() }
        let running = thread.start()
        #expect(gateway.eventually { desk.piecesWaiting == 0 })
        gateway.advance(by: MatchDesk.retryInterval)
        #expect(answers.popAll() == ["idle"])
        thread.close()
        running.join()
    }
}

private struct NoShards: MatchLauncher {
    func launch(_ plan: MatchPlan) {}
    func admit(_ plan: MatchPlan) -> Bool { false }
    func revoke(_ players: [String], from shardID: String) {}
    func discard(_ shardID: String) {}
    func occupants(of shardID: String) -> Set<String>? { nil }
}
