import PylonJSON
import Testing

@testable import PylonMatchmaking

@Suite struct MatchCriteriaTests {
    private static let queue = {
        var queue = MatchQueue("duel", kind: "arena", players: 2...2)
        queue.regions = ["eu", "us"]
        queue.modes = ["default", "ranked"]
        return queue
    }()

    @Test func theyAreReadFromJSON() throws {
        let json: JSONValue = [
            "mode": "ranked", "rating": 1510.5, "latencies": ["us": 110], "map": "dust",
        ]
        let criteria = try MatchCriteria(json: json, for: Self.queue)
        #expect(criteria.mode == "ranked" && criteria.rating == 1510.5)
        #expect(criteria.latencies == [.infinity, 110] && criteria.json["map"] == "dust")
        let none = try MatchCriteria(json: ["mode": nil, "latencies": [:]], for: Self.queue)
        #expect(none.mode == "default" && none.rating == nil && none.latencies.isEmpty)
    }

    @Test(
        arguments: [
            ("criteria", []), ("criteria", ["x": .string(String(repeating: "x", count: 4096))]),
            ("criteria.mode", ["mode": 7]), ("criteria.mode", ["mode": ""]), ("criteria.mode", ["mode": "chess"]),
            ("criteria.rating", ["rating": "good"]), ("criteria.rating", ["rating": 1e10]),
            ("criteria.latencies", ["latencies": [1, 2]]), ("criteria.latencies", ["latencies": ["mars": 1]]),
            ("criteria.latencies.eu", ["latencies": ["eu": -1]]),
            ("criteria.latencies.eu", ["latencies": ["eu": 60001]]),
            ("criteria.latencies.eu", ["latencies": ["eu": "near"]]),
        ] as [(String, JSONValue)])
    func whatCannotBeUsedNamesTheField(field: String, json: JSONValue) {
        let problem = #expect(throws: CriteriaProblem.self) { try MatchCriteria(json: json, for: Self.queue) }
        #expect(problem?.field == field)
    }

    @Test func aDefinitionIsChecked() {
        #expect(Self.queue.problem == nil)
        var queue = MatchQueue("", kind: "arena", players: 2...2)
        #expect(queue.problem != nil)
        queue = MatchQueue("q", kind: "arena", players: 0...2)
        #expect(queue.problem != nil)
        queue = Self.queue
        queue.partyMaximum = 3
        #expect(queue.problem != nil)
        queue = Self.queue
        queue.interval = .zero
        #expect(queue.problem != nil)
        queue.interval = .milliseconds(9)
        #expect(queue.problem != nil)
        queue = Self.queue
        queue.config = []
        #expect(queue.problem != nil)
        queue.regions = (0..<17).map(String.init)
        #expect(queue.problem != nil)
    }
}
