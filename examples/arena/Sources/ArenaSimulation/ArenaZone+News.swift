internal import Pylon

// What everybody is told, wherever they are: events of the shard, beside the entities that each sees for himself.
extension ArenaZone {
    /// Broadcasts what there is to tell of this step, all of it optional:
    ///
    /// ```
    /// {"tick":42,
    ///  "events":[kind,x,y,player,value, ...]                          see ArenaEvent
    ///  "leaders":[[number,score],...]                                 the best five, when they have changed; at most twice a second
    ///  "zone":{...}, "roster":[[number,sid,name,colour],...]}         when someone comes or goes, and every few seconds
    /// ```
    mutating func tellNews(_ context: StepContext) {
        let tick = context.tick.number
        // Whoever joins under a name that plays already causes no change, and is told soon enough.
        let tellsRoster = rosterStepsLeft == Self.rosterRepeats - 1 || tick % Self.rosterNewsInterval == 0
        let looksForLeaders = tellsRoster || tick % Self.rosterInterval == 0
        let tellsLeaders = (looksForLeaders && haveLeadersChanged()) || tellsRoster
        let hasEvents = !events.isEmpty
        guard tellsRoster || tellsLeaders || hasEvents else { return }
        context.broadcast { json in
            json.beginObject()
            json.member("tick", tick)
            if hasEvents { writeEvents(into: &json) }
            if tellsLeaders { writeLeaderNews(into: &json) }
            if tellsRoster {
                writeZone(into: &json)
                writeRoster(into: &json)
            }
            json.endObject()
        }
    }

    private mutating func haveLeadersChanged() -> Bool {
        var leaders: [Int] = []
        forEachLeader { leaders += [$0.number, $0.score] }
        defer { leadersTold = leaders }
        return leaders != leadersTold
    }

    private func writeLeaderNews(into json: inout JSONWriter) {
        json.beginArray("leaders")
        forEachLeader { player in
            json.beginArray()
            json.value(player.number)
            json.value(player.score)
            json.endArray()
        }
        json.endArray()
    }

    /// Ticks: five seconds at 20 Hz.
    private static let rosterNewsInterval: UInt64 = 100
}
