public import Pylon

// What everyone sees. One view, so the engine encodes it once however many are watching.
extension ArenaZone {
    /// Writes the zone as it stands. Numbers are whole pixels and 1/1,024 turns: short, and finer than a screen.
    ///
    /// ```
    /// {"tick":42,
    ///  "players":[[number,x,y,heading,health,state,score,ack],...]   state: 1 shielded, 2 down; ack: last client_seq
    ///  "wanderers":[x,y, x,y, ...]        by kind as in "zone"; -1,-1 while out of play
    ///  "shots":[x,y,heading,owner, ...]
    ///  "events":[kind,x,y,player,value, ...]                          see ArenaEvent
    ///  "leaders":[number,...]             the best five
    ///  "zone":{...}, "roster":[[number,sid,name,colour],...]}         twice a second, and when someone comes or goes
    /// ```
    public func writeSnapshot(
        of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter
    ) {
        json.beginObject()
        json.member("tick", context.tick.number)
        writePlayers(context, into: &json)
        writeWanderers(into: &json)
        writeShots(into: &json)
        writeEvents(into: &json)
        writeLeaders(into: &json)
        if rosterStepsLeft > 0 || context.tick.number % Self.rosterInterval == 0 {
            writeZone(into: &json)
            writeRoster(into: &json)
        }
        json.endObject()
    }

    private func writePlayers(_ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginArray("players")
        for player in players {
            json.beginArray()
            json.value(player.number)
            write(player.position, into: &json)
            json.value(player.aim.step)
            json.value(player.health)
            json.value((player.shield.isRunning ? 1 : 0) | (player.isDown ? 2 : 0))
            json.value(player.score)
            json.value(context.acknowledgement(of: player.subscriber)?.clientSequence ?? 0)
            json.endArray()
        }
        json.endArray()
    }

    private func writeWanderers(into json: inout JSONWriter) {
        json.beginArray("wanderers")
        for wanderer in wanderers {
            write(wanderer.isPresent ? wanderer.position : Vector(-1, -1), into: &json)
        }
        json.endArray()
    }

    private func writeShots(into json: inout JSONWriter) {
        json.beginArray("shots")
        for shot in shots {
            write(shot.position, into: &json)
            json.value(shot.heading.step)
            json.value(shot.owner)
        }
        json.endArray()
    }

    func writeEvents(into json: inout JSONWriter) {
        json.beginArray("events")
        for event in events {
            json.value(event.kind.rawValue)
            write(event.position, into: &json)
            json.value(event.player)
            json.value(event.value)
        }
        json.endArray()
    }

    private func writeLeaders(into json: inout JSONWriter) {
        json.beginArray("leaders")
        forEachLeader { json.value($0.number) }
        json.endArray()
    }

    func writeZone(into json: inout JSONWriter) {
        json.beginObject("zone")
        json.member("width", Int(rules.width))
        json.member("height", Int(rules.height))
        json.beginArray("kinds")
        for kind in Wanderer.Kind.allCases { json.value(Self.count(of: kind, among: rules.wanderers)) }
        json.endArray()
        json.endObject()
    }

    func writeRoster(into json: inout JSONWriter) {
        json.beginArray("roster")
        for player in players {
            json.beginArray()
            json.value(player.number)
            json.value(player.subscriber.name)
            json.value(player.name)
            json.value(player.colour)
            json.endArray()
        }
        json.endArray()
    }

    func write(_ position: Vector, into json: inout JSONWriter) {
        json.value(Int(position.x.rounded()))
        json.value(Int(position.y.rounded()))
    }

    /// Ticks: twice a second at 20 Hz.
    static let rosterInterval: UInt64 = 10
}
