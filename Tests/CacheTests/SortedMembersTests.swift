import PylonBytes
import Testing

@testable import PylonCache

@Suite struct SortedMembersTests {
    @Test func ranksGoByScoreThenByBytes() {
        var members = SortedMembers()
        for (member, score) in [("b", 2.0), ("a", 2.0), ("c", -1.0), ("d", 1.5)] { members.set(member, score: score) }
        #expect(members.entries(from: 0, through: 9).map(\.member.text) == ["c", "d", "a", "b"])
        #expect(["c", "d", "a", "b", "x"].map { members.rank(of: $0) } == [0, 1, 2, 3, nil])
        members.set("c", score: 9)
        #expect(members.entries(from: 0, through: 9).map(\.member.text) == ["d", "a", "b", "c"])
        #expect(members.count == 4)
    }

    /// Chunks are split and emptied in every place; the model is a sorted array.
    @Test func manyMembersAreKeptInOrder() {
        var members = SortedMembers()
        var model: [SortedMembers.Entry] = []
        var state: UInt64 = 7
        for step in 0..<4000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let member = "m\(state >> 33 % 900)"
            model.removeAll { $0.member.text == member }
            if step % 3 == 2 {
                _ = members.remove(member)
            } else {
                let score = Double(state >> 40 % 50)
                members.set(member, score: score)
                model.append(SortedMembers.Entry(score: score, member: .init(member)))
            }
            if step % 100 == 99 {
                model.sort()
                #expect(members.entries(from: 0, through: .max) == model, "after \(step)")
                #expect(members.entries(from: 100, through: 420) == Array(model.dropFirst(100).prefix(321)))
                for place in stride(from: 0, to: model.count, by: 97) {
                    #expect(members.rank(of: model[place].member.text) == place)
                }
            }
        }
        for entry in model {
            let isRemoved = members.remove(entry.member.text)
            #expect(isRemoved)
        }
        #expect(members.isEmpty && members.bytes == 0)
        #expect(members.entries(from: 0, through: 10).isEmpty)
    }
}
