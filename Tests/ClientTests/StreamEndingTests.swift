internal import PylonWebSocket
internal import Testing

@testable internal import PylonClient

@Suite struct StreamEndingTests {
    private func comesBack(_ verdict: StreamEnding.Verdict) -> Bool {
        if case .comeBack = verdict { true } else { false }
    }

    @Test(arguments: [
        ("FINISHED", false), ("STOPPED", false), ("REPLACED", false), ("PROTOCOL_ERROR", false),
        ("UNAUTHORIZED", false), ("GOING_AWAY", true), ("TOO_SLOW", true), ("FULL", true), ("RESYNC_REQUIRED", true),
        ("MOVED", true), ("SOMETHING_NEW", true),
    ])
    func aByeDecides(code: String, comesBack: Bool) {
        let bye = ShardBye(code: code, reason: "", retryAfter: .seconds(3))
        let verdict = StreamEnding.closed(.normalClosure, reason: "").verdict(bye, mayChangeToken: false)
        #expect(verdict == (comesBack ? .comeBack(wait: .seconds(3)) : .giveUp(.bye(bye))))
    }

    @Test(arguments: [
        (1000, false), (1001, true), (1002, false), (1006, true), (1007, false), (1008, false), (1009, false),
        (1011, true), (1012, true), (1013, true), (4410, true), (4999, true),
    ])
    func withoutAByeTheCloseCodeDecides(code: Int, comesBack: Bool) {
        let ending = StreamEnding.closed(CloseCode(rawValue: UInt16(code)), reason: "")
        #expect(self.comesBack(ending.verdict(nil, mayChangeToken: false)) == comesBack)
    }

    @Test(arguments: [
        (400, false), (401, false), (403, false), (404, true), (408, true), (410, true), (426, false), (429, true),
        (500, true), (503, true),
    ])
    func aRefusalIsAskedAgainWhereItMayPass(status: Int, comesBack: Bool) {
        let ending = StreamEnding.refused(status: status, code: "X", message: "", retryAfter: .seconds(9))
        let verdict = ending.verdict(nil, mayChangeToken: false)
        #expect(self.comesBack(verdict) == comesBack)
        if comesBack { #expect(verdict == .comeBack(wait: .seconds(9))) }
    }

    @Test func whoeverMayHaveAnotherTokenAsksAgain() {
        let bye = ShardBye(code: "UNAUTHORIZED", reason: "", retryAfter: nil)
        #expect(comesBack(StreamEnding.finished.verdict(bye, mayChangeToken: true)))
        #expect(comesBack(StreamEnding.closed(.policyViolation, reason: "").verdict(nil, mayChangeToken: true)))
        let refused = StreamEnding.refused(status: 401, code: "AUTH_REQUIRED", message: "", retryAfter: nil)
        #expect(comesBack(refused.verdict(nil, mayChangeToken: true)))
    }

    @Test func theCursorIsLostWhereTheServerSaysSo() {
        let bye = ShardBye(code: "RESYNC_REQUIRED", reason: "", retryAfter: nil)
        #expect(StreamEnding.finished.losesCursor(bye))
        #expect(StreamEnding.closed(.resyncRequired, reason: "").losesCursor(nil))
        #expect(StreamEnding.refused(status: 410, code: "", message: "", retryAfter: nil).losesCursor(nil))
        #expect(!StreamEnding.closed(.tryAgainLater, reason: "").losesCursor(nil))
        #expect(!StreamEnding.broken(.timedOut).losesCursor(nil))
    }

    @Test func aBrokenStreamComesBack() {
        #expect(comesBack(StreamEnding.broken(.unreachable("x")).verdict(nil, mayChangeToken: false)))
        #expect(comesBack(StreamEnding.broken(.timedOut).verdict(nil, mayChangeToken: false)))
        #expect(comesBack(StreamEnding.finished.verdict(nil, mayChangeToken: false)))
    }
}
