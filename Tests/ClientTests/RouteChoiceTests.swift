import Testing

@testable import PylonClient

@Suite struct RouteChoiceTests {
    @Test func eachWayGetsItsTurnUntilOneIsOfUse() {
        var choice = RouteChoice(count: 3)
        var tried: [Int] = []
        for _ in 0..<6 {
            tried.append(choice.current)
            choice.failed()
        }
        #expect(tried == [0, 1, 2, 0, 1, 2])
    }

    /// A server that is away for a while is away on every way.
    @Test func theBestOfUseGetsMostTurns() {
        var choice = RouteChoice(count: 3)
        choice.failed()
        #expect(choice.current == 1)
        choice.succeeded()
        var tried: [Int] = []
        for _ in 0..<9 {
            tried.append(choice.current)
            choice.failed()
        }
        #expect(tried == [1, 1, 1, 1, 0, 1, 2, 1, 1])
    }

    @Test func aWorseWayIsLeftWhenItsStreamIsCut() {
        var choice = RouteChoice(count: 3)
        choice.succeeded()
        for _ in 0..<6 { choice.failed() }
        #expect(choice.current == 2)
        choice.succeeded()
        #expect(choice.current == 0)
    }

    @Test func thereMayBeOneWayAlone() {
        var choice = RouteChoice(count: 1)
        for _ in 0..<10 {
            choice.failed()
            #expect(choice.current == 0 && !choice.hasNext)
        }
        choice.succeeded()
        choice.failed()
        #expect(choice.current == 0)
    }
}
