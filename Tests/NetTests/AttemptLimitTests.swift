import PylonBytes
import PylonNet
import PylonTelemetry
import PylonTime
import Testing

@Suite struct AttemptLimitTests {
    private let clock = ManualClock()

    @Test func whoeverFailsTooOftenHasToWait() {
        let limit = AttemptLimit(maximum: 2, per: .seconds(60), clock: clock)
        let (guessing, other) = (IPAddress.v4(1), IPAddress.v4(2))
        limit.countFailure(of: guessing)
        #expect(limit.mayTry(guessing))
        clock.advance(by: .seconds(30))
        limit.countFailure(of: guessing)
        #expect(!limit.mayTry(guessing) && limit.mayTry(other) && limit.mayTry(nil))
        clock.advance(by: .seconds(30))
        #expect(limit.mayTry(guessing), "a minute after the first")
        limit.countFailure(of: guessing)
        #expect(limit.mayTry(guessing), "counting begins anew")
        limit.countFailure(of: nil)
        #expect(limit.failed.value == 4)
    }

    @Test func theAddressesOfAnIPv6NetworkAreOne() {
        let limit = AttemptLimit(maximum: 2, clock: clock)
        for text in ["2001:db8::1", "2001:db8::2"] { limit.countFailure(of: IPAddress(text)) }
        #expect(!limit.mayTry(IPAddress("2001:db8::3")) && limit.mayTry(IPAddress("2001:db8:0:1::3")))
        for text in ["::ffff:10.0.0.1", "::ffff:10.0.0.1"] { limit.countFailure(of: IPAddress(text)) }
        #expect(!limit.mayTry(IPAddress("::ffff:10.0.0.1")) && limit.mayTry(IPAddress("::ffff:10.0.0.2")))
    }

    @Test func itRemembersSoManyAddresses() {
        let limit = AttemptLimit(maximum: 1, clock: clock)
        for number in 0...AttemptLimit.addressesMaximum { limit.countFailure(of: .v4(UInt32(number))) }
        #expect(limit.mayTry(.v4(0)), "the first was forgotten")
        #expect(!limit.mayTry(.v4(1)) && !limit.mayTry(.v4(UInt32(AttemptLimit.addressesMaximum))))
    }
}
