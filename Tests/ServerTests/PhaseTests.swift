import Testing

@testable import PylonServer

@Suite struct PhaseTests {
    private final class Diary {
        var lines: [String] = []
    }

    private func phases(_ count: Int, failing: Int? = nil, _ diary: Diary) -> PhaseList {
        PhaseList(
            (1...count).map { number in
                Phase(
                    "\(number)",
                    start: { () throws(StartError) in
                        if number == failing { throw StartError(description: "phase \(number) failed") }
                        diary.lines.append("+\(number)")
                    },
                    stop: { diary.lines.append("-\(number)") })
            })
    }

    @Test func phasesStartInOrderAndStopInReverse() throws {
        let diary = Diary()
        let list = phases(3, diary)
        try list.start()
        list.stop()
        #expect(diary.lines == ["+1", "+2", "+3", "-3", "-2", "-1"])
    }

    @Test(arguments: 1...4) func aFailureUndoesThoseBeforeItInReverse(failing: Int) {
        let diary = Diary()
        let list = phases(4, failing: failing, diary)
        let error = #expect(throws: StartError.self) { try list.start() }
        #expect(error?.description == "phase \(failing) failed")
        let before = Array(1..<failing)
        #expect(diary.lines == before.map { "+\($0)" } + before.reversed().map { "-\($0)" })
    }

    @Test func stoppingTwiceStopsOnce() throws {
        let diary = Diary()
        let list = phases(2, diary)
        list.stop()
        #expect(diary.lines.isEmpty)
        try list.start()
        list.stop()
        list.stop()
        #expect(diary.lines == ["+1", "+2", "-2", "-1"])
    }
}
