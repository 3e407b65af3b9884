internal import PylonBytes
internal import PylonGateway
internal import PylonTelemetry
internal import Testing

@Suite struct ConnectionCapTests {
    private let here = IPAddress.v4(0x7F00_0001)
    private let there = IPAddress.v4(0x7F00_0002)

    private func isAdmitted(_ cap: ConnectionCap, _ address: IPAddress) -> Bool {
        do {
            try cap.admit(address)
            return true
        } catch {
            return false
        }
    }

    @Test func eachAddressHasItsOwnShare() {
        let refused = Counter()
        let cap = ConnectionCap(maximum: 2, refused: refused)
        #expect(
            [here, here, here, there, there, there].map { isAdmitted(cap, $0) } == [
                true, true, false, true, true, false,
            ])
        #expect(refused.value == 2)
        cap.release(here)
        #expect(isAdmitted(cap, here))
        #expect(!isAdmitted(cap, there))
    }

    @Test func zeroIsUnlimited() {
        let cap = ConnectionCap(maximum: 0, refused: Counter())
        #expect((0..<1000).allSatisfy { _ in isAdmitted(cap, here) })
        cap.release(here)
    }

    @Test func oneReleaseTooManyGivesNothing() {
        let cap = ConnectionCap(maximum: 1, refused: Counter())
        cap.release(here)
        #expect(isAdmitted(cap, here))
        #expect(!isAdmitted(cap, here))
    }
}
