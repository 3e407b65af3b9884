internal import PylonJSON
internal import PylonMatchmaking
internal import PylonThreading
internal import PylonTime

/// Criteria that are taken are within their limits; and whatever a dozen players do, nobody who has cancelled is matched, and an
/// acknowledgement always names the match that the status named.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    if first == UInt8(ascii: "{") { checkCriteria(bytes) } else { play(bytes) }
    return 0
}

private let queues: [MatchQueue] = {
    let duel = MatchQueue("duel", kind: "none", players: 2...2)
    var zone = MatchQueue("zone", kind: "none", players: 2...3, match: RatedMatch())
    zone.vacancies = .refill
    zone.regions = ["eu", "us"]
    zone.config = ["private": true]
    return [duel, zone]
}()

private func checkCriteria(_ bytes: [UInt8]) {
    guard let json = try? JSONParser.parse(bytes.span) else { return }
    do throws(CriteriaProblem) {
        let criteria = try MatchCriteria(json: json, for: queues[1])
        precondition(criteria.rating.map { abs($0) <= 1e9 } ?? true, "a rating beyond its limit")
        precondition(criteria.latencies.isEmpty || criteria.latencies.count == 2, "latencies of other regions")
        precondition(criteria.latencies.allSatisfy { $0 >= 0 }, "a latency below zero")
        precondition((1...64).contains(criteria.mode.utf8.count), "a mode beyond its limit")
    } catch {
        precondition(error.field.hasPrefix("criteria") && !error.problem.isEmpty, "a problem without a field")
    }
}

/// Two bytes are one call: what, and whose.
private func play(_ bytes: [UInt8]) {
    let clock = ManualClock()
    let codes = Lock(0)
    let matchmaker = Matchmaker(
        queues: queues, clock: clock, launcher: Shards(), random: { 7 },
        makeCode: {
            codes.withLock { last in
                last += 1
                return String(last)
            }
        })
    for index in stride(from: 0, to: bytes.count - 1, by: 2) {
        let name = "p\(bytes[index + 1] % 12)"
        switch bytes[index] % 10 {
        case 0, 1, 2:
            var criteria = MatchCriteria()
            criteria.rating = Double(bytes[index + 1])
            _ = try? matchmaker.join(name, queue: queues[Int(bytes[index] % 2)].name, criteria)
        case 3:
            guard matchmaker.cancel(name) == .cancelled else { continue }
            precondition(matchmaker.status(of: name).name == "idle", "matched after cancelling")
            precondition((try? matchmaker.acknowledge(name)) == nil, "acknowledged after cancelling")
        case 4:
            let status = matchmaker.status(of: name)
            guard let assignment = try? matchmaker.acknowledge(name) else { continue }
            guard case .matched(let shardID, _, _) = status else { continue }
            precondition(assignment.shardID == shardID, "another match than the one assigned")
        case 5: matchmaker.pass(Int(bytes[index + 1] % 2))
        case 6: clock.advance(by: .milliseconds(Int(bytes[index + 1]) * 20))
        case 7: matchmaker.sweep()
        case 8: _ = try? matchmaker.createParty(name)
        default:
            guard let party = matchmaker.party(of: "p\(bytes[index + 1] / 16 % 12)") else { continue }
            _ =
                try? bytes[index + 1] % 3 == 0
                ? matchmaker.leaveParty(name) : { _ = try matchmaker.joinParty(name, code: party.code) }()
        }
    }
}

/// Shards that are there at once and never go.
private struct Shards: MatchLauncher {
    func launch(_ plan: MatchPlan) throws {}
    func admit(_ plan: MatchPlan) -> Bool { true }
    func revoke(_ players: [String], from shardID: String) {}
    func discard(_ shardID: String) {}
    func occupants(of shardID: String) -> Set<String>? { [] }
}
