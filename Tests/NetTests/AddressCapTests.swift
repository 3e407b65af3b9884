internal import PylonBytes
internal import PylonNet
internal import PylonTelemetry
internal import Testing

@Suite struct AddressCapTests {
    private let here = IPAddress.v4(0x7F00_0001)
    private let there = IPAddress.v4(0x7F00_0002)

    @Test func eachAddressHasItsOwnShare() {
        let refused = Counter()
        let cap = AddressCap(maximum: 2, refused: refused)
        #expect(
            [here, here, here, there, there, there].map { cap.admit($0) } == [
                true, true, false, true, true, false,
            ])
        #expect(refused.value == 2)
        cap.release(here)
        #expect(cap.admit(here))
        #expect(!cap.admit(there))
    }

    /// Whoever has one IPv6 address has 2^64 of them.
    @Test func anIPv6AddressStandsForItsNetwork() {
        let cap = AddressCap(maximum: 2, refused: Counter())
        let addresses = (1...3).map { IPAddress.v6(high: 0x2001_0DB8_0000_0001, low: $0) }
        #expect(addresses.map { cap.admit($0) } == [true, true, false])
        #expect(cap.admit(.v6(high: 0x2001_0DB8_0000_0002, low: 1)))
        cap.release(addresses[2])
        #expect(cap.admit(addresses[2]))
    }

    @Test func zeroIsUnlimited() {
        let cap = AddressCap(maximum: 0, refused: Counter())
        #expect((0..<1000).allSatisfy { _ in cap.admit(here) })
        cap.release(here)
    }

    @Test func oneReleaseTooManyGivesNothing() {
        let cap = AddressCap(maximum: 1, refused: Counter())
        cap.release(here)
        #expect(cap.admit(here))
        #expect(!cap.admit(here))
    }
}
