import PylonEventLoop
import PylonTestSupport
import Testing

@Suite struct LoopLocalTests {
    private final class Box: Sendable {}

    /// What a loop of its own sees, twice, for each of `locals`.
    private func seen(_ locals: [LoopLocal<Box>]) throws -> [[Box]] {
        let thread = try LoopThread()
        defer { thread.stop() }
        return try thread.run { locals.map { [$0.value(on: thread.loop), $0.value(on: thread.loop)] } }
    }

    @Test func `a loop makes its value once, and every loop its own`() throws {
        let local = LoopLocal { Box() }
        let first = try seen([local])[0]
        let second = try seen([local])[0]
        #expect(first[0] === first[1] && second[0] === second[1])
        #expect(first[0] !== second[0])
    }

    @Test func `declarations do not know each other, in whichever order they are used`() throws {
        let locals = (0..<5).map { _ in LoopLocal { Box() } }
        for order in [locals, locals.reversed()] {
            let values = try seen(order)
            #expect(values.allSatisfy { $0[0] === $0[1] })
            #expect(Set(values.map { ObjectIdentifier($0[0]) }).count == locals.count)
        }
    }

    @Test func `nothing is made before it is needed, and it ends with its loop`() throws {
        weak var box: Box?
        let local = LoopLocal { Box() }
        let other = LoopLocal { () -> Box in preconditionFailure("not asked for") }
        do {
            let values = try seen([local])
            box = values[0][0]
            #expect(box != nil)
        }
        #expect(box == nil)
        withExtendedLifetime(other) {}
    }
}
