public import Pylon

/// The arena: one zone of a 2D world in which players hunt, and are hunted by, hundreds of wanderers.
///
/// A plain value. The engine owns time, queues and connections; the zone is told who came and went, applies inputs,
/// steps, and writes what everyone sees. The same seed and the same calls in the same order give the same snapshots,
/// byte for byte, on every machine: chance comes from one seeded generator, time from the fixed step, no dictionary
/// is ever iterated, and only correctly rounded arithmetic is used (see `Heading`).
public struct ArenaZone: Simulation {
    let rules: ZoneRules
    var random: SeededGenerator

    /// In the order of arrival.
    public internal(set) var players: [Player] = []
    /// Sorted by kind, for ever the same individuals: their place in the array is their identity on the wire.
    public internal(set) var wanderers: [Wanderer] = []
    public internal(set) var shots: [Shot] = []
    /// What happened in the last step and since.
    public internal(set) var events: [ArenaEvent] = []
    /// How many of `events` the next step forgets: those that were there when the last one ended.
    var eventsTold = 0

    /// What clients see of all that.
    public var entities = EntityTable(schema: componentSchema, historyTicks: 32)

    /// Where in `players` a subscriber is; for looking up, never for walking through.
    var placeOfPlayer: [SubscriberID: Int] = [:]
    var playerNumberLast = 0
    /// Steps for which the roster still goes out because it changed.
    var rosterStepsLeft = 0
    /// The best as they were told last.
    var leadersTold: [Int] = []

    var wandererGrid: SpatialGrid
    var playerGrid: SpatialGrid

    /// Wanderers among a hundred, in the order of the kinds.
    static let share: [Int] = [64, 26, 10]

    public init(rules: ZoneRules = ZoneRules(), seed: UInt64) {
        self.init(emptyWith: rules)
        random = SeededGenerator(seed: seed)
        populate()
    }

    /// A zone in which nobody is yet.
    init(emptyWith rules: ZoneRules) {
        self.rules = rules
        random = SeededGenerator(seed: 0)
        // 96 pixels: five times a wanderer's radius, so that most queries touch four cells.
        wandererGrid = SpatialGrid(width: rules.width, height: rules.height, cellSize: 96)
        playerGrid = SpatialGrid(width: rules.width, height: rules.height, cellSize: 192)
    }

    /// A zone as a shard is created with: `config` may hold the rules.
    public init(config: JSONValue, seed: UInt64) throws(ConfigurationError) {
        self.init(rules: try ZoneRules(config), seed: seed)
    }

    public static func decodeInput(_ json: JSONValue) throws(InvalidInput) -> ArenaInput {
        try ArenaInput(json)
    }

    public mutating func step(_ context: StepContext) {
        let seconds = context.seconds
        events.removeFirst(eventsTold)
        rosterStepsLeft = max(0, rosterStepsLeft - 1)
        // Wanderers move last, so one sorting of them serves every query of the step.
        wandererGrid.rebuild(from: wanderers)
        stepPlayers(seconds)
        playerGrid.rebuild(from: players)
        stepShots(seconds)
        stepWanderers(seconds)
        mirrorEntities()
        tellNews(context)
        eventsTold = events.count
    }

    private mutating func populate() {
        wanderers.reserveCapacity(rules.wanderers)
        for kind in Wanderer.Kind.allCases {
            for _ in 0..<Self.count(of: kind, among: rules.wanderers) {
                let heading = Heading(step: Int(random.next() >> 54))
                wanderers.append(Wanderer(kind, at: randomPosition(margin: 40), heading: heading))
            }
        }
    }

    /// How many of `total` wanderers are of this kind; drifters take what rounding leaves.
    static func count(of kind: Wanderer.Kind, among total: Int) -> Int {
        guard kind == .drifter else { return total * share[kind.rawValue] / 100 }
        return total - count(of: .darter, among: total) - count(of: .hunter, among: total)
    }

    mutating func randomPosition(margin: Double) -> Vector {
        let x = margin + random.unitInterval() * (rules.width - 2 * margin)
        let y = margin + random.unitInterval() * (rules.height - 2 * margin)
        return Vector(x, y)
    }

    /// The point of the zone nearest to `position`, at least `margin` away from its border.
    func confined(_ position: Vector, margin: Double) -> Vector {
        Vector(
            min(rules.width - margin, max(margin, position.x)),
            min(rules.height - margin, max(margin, position.y)))
    }
}
