import PylonTestSupport
import PylonTime
import Testing

@testable import PylonMatchmaking

@Suite struct TicketListTests {
    private func ticket(_ number: UInt64) -> MatchTicket {
        MatchTicket(
            number: number, players: ["p\(number)"], criteria: MatchCriteria(), enqueuedAt: Instant(nanoseconds: 0),
            deadline: .distantFuture)
    }

    @Test func itAgreesWithAPlainArrayWhateverHappens() {
        var generator = SeededGenerator(seed: testSeed())
        var list = TicketList()
        var model: [(number: UInt64, state: TicketList.State)] = []
        for number in 1...2000 as ClosedRange<UInt64> {
            list.append(ticket(number))
            model.append((number, .queued))
            for _ in 0..<Int.random(in: 0...2, using: &generator) where !model.isEmpty {
                let index = Int.random(in: model.indices, using: &generator)
                let chosen = model[index].number
                switch Int.random(in: 0..<4, using: &generator) {
                case 0:
                    let isHeld = list.hold(chosen, for: 7)
                    #expect(isHeld == (model[index].state == .queued))
                    model[index].state = .held
                case 1:
                    list.release(ticket(chosen))
                    model[index].state = .queued
                default:
                    let isGone = list.remove(chosen)
                    let isGoneAgain = list.remove(chosen)
                    #expect(isGone && !isGoneAgain)
                    model.remove(at: index)
                }
            }
            guard number % 50 == 0 else { continue }
            #expect(list.queuedCount == model.count { $0.state == .queued })
            var before = 0
            for (number, state) in model {
                #expect(list.position(of: number) == before)
                #expect(list.state(number) == state && list.holder(number) == (state == .held ? 7 : nil))
                before += state == .queued ? 1 : 0
            }
        }
        #expect(list.tickets.count <= 2 * model.count + 130, "what has left does not pile up")
    }
}
