internal import PylonAPI
internal import PylonCrypto
internal import PylonEventLoop
internal import PylonMatchmaking
internal import PylonShardHost
internal import PylonTelemetry
internal import PylonThreading
internal import PylonTime

/// The matchmaker with its threads: passes on one, news of them and what sockets say on another, so that neither a tick nor an event
/// loop ever waits for either.
final class MatchService: Sendable {
    let matchmaker: Matchmaker
    let desk: MatchDesk
    private let passes = BlockingThread(name: "matchmaker")
    private let news: BlockingThread

    /// How often what is over is ended.
    private static let sweepInterval: Duration = .milliseconds(250)

    init(_ server: ShardServer, _ configuration: Configuration, registry: ShardRegistry, clock: any Clock, log: Log) {
        let news = BlockingThread(name: "match-news", capacity: MatchDesk.threadCapacity)
        let watchers = MatchWatchers(thread: news)
        var limits = MatchmakerLimits()
        limits.playersMaximum = configuration.integer(.matchPlayersMaximum)
        limits.playersPerAddressMaximum = configuration.integer(.matchPlayersPerAddress)
        matchmaker = Matchmaker(
            queues: server.queues, limits: limits, clock: clock, launcher: ShardLauncher(registry: registry, log: log),
            random: { SecureRandom.number() }, makeCode: { SecureRandom.hex(12) },
            onChange: { watchers.changed($0) })
        desk = MatchDesk(matchmaker: matchmaker, watchers: watchers, thread: news)
        self.news = news
    }

    /// Checks the queues against the kinds there are, and warns of what means nothing in their `config`.
    func check(_ registry: ShardRegistry, _ log: Log) throws(StartError) {
        var names: Set<String> = []
        for queue in matchmaker.queues {
            if let problem = queue.problem { throw StartError(description: "queue \(queue.name): \(problem)") }
            guard names.insert(queue.name).inserted else {
                throw StartError(description: "there are two queues called \(queue.name)")
            }
            do throws(RegistryError) {
                try registry.check(queue.config, kind: queue.kind)
            } catch {
                throw StartError(description: "queue \(queue.name): its matches cannot be made: \(error)")
            }
            // Who may come into a match is known as long as the process lives: nobody could enter one that came back.
            if registry.isStored(queue.config, kind: queue.kind) {
                throw StartError(description: "queue \(queue.name): its matches cannot have checkpoint_ticks")
            }
            for name in registry.ignoredFields(of: queue.config, kind: queue.kind) {
                log.warning("queue \(queue.name): config.\(name) means nothing to the kind \(queue.kind)")
            }
        }
    }

    func start() -> [Thread] { [passes.start(), news.start()] }

    /// No more passes; the threads end.
    func close() {
        passes.close()
        news.close()
    }

    /// Begins with the passes, whose times `loop` keeps.
    func begin(on loop: EventLoop) {
        guard !matchmaker.queues.isEmpty else { return }
        for index in matchmaker.queues.indices { schedulePass(index, on: loop) }
        scheduleSweep(on: loop)
    }

    private func schedulePass(_ index: Int, on loop: EventLoop) {
        loop.submit { [self] in
            loop.schedule(after: matchmaker.queues[index].interval) { [self] in
                // The next pass is an interval behind this one, however long this one takes. Refused during shutdown only.
                _ = passes.submit { [self] in
                    matchmaker.pass(index)
                    schedulePass(index, on: loop)
                }
            }
        }
    }

    private func scheduleSweep(on loop: EventLoop) {
        loop.submit { [self] in
            loop.schedule(after: Self.sweepInterval) { [self] in
                _ = passes.submit { [self] in
                    matchmaker.sweep()
                    scheduleSweep(on: loop)
                }
            }
        }
    }
}
