import PylonBytes
import Testing

@Suite struct SharedBytesTests {
    private func refill(_ shared: inout SharedBytes?, _ count: Int, with byte: UInt8) {
        SharedBytes.refill(&shared, count: count) { target in
            #expect(target.count == count)
            for index in target.indices { target[index] = byte }
        }
    }

    private func holds(_ shared: SharedBytes?, _ count: Int, of byte: UInt8) -> Bool {
        guard let shared else { return false }
        return withExtendedLifetime(shared) {
            shared.count == count && shared.unsafeBytes.count == count && shared.unsafeBytes.allSatisfy { $0 == byte }
        }
    }

    private func identity(_ shared: SharedBytes?) -> ObjectIdentifier? { shared.map { ObjectIdentifier($0) } }

    @Test func bytesAreCopied() {
        var source: [UInt8] = [9, 9, 9]
        let bytes = source.withUnsafeBytes { SharedBytes($0) }
        source[1] = 0
        #expect(holds(bytes, 3, of: 9))
        let empty = SharedBytes(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(empty.count == 0 && empty.unsafeBytes.isEmpty)
    }

    @Test func aBufferIsTakenOver() {
        var buffer = ByteBuffer()
        for byte: UInt8 in [1, 1, 9, 9, 9] { buffer.append(byte) }
        buffer.consume(2)
        var shared: SharedBytes? = SharedBytes(buffer)
        #expect(holds(shared, 3, of: 9))
        let taken = identity(shared)
        refill(&shared, 2, with: 7)
        #expect(holds(shared, 2, of: 7) && identity(shared) != taken)
        #expect(holds(SharedBytes(ByteBuffer()), 0, of: 0))
    }

    @Test func aSoleOwnerIsRefilledInPlace() {
        var shared: SharedBytes?
        refill(&shared, 1000, with: 1)
        let first = identity(shared)
        // An eighth to spare: up to 1125 bytes fit.
        for (count, byte) in [(1000, 2), (1125, 3), (900, 4), (25, 5)] as [(Int, UInt8)] {
            refill(&shared, count, with: byte)
            #expect(identity(shared) == first, "\(count) bytes")
            #expect(holds(shared, count, of: byte))
        }
    }

    @Test func whatSomebodyElseHoldsIsLeftAlone() {
        var shared: SharedBytes?
        refill(&shared, 1000, with: 1)
        let held = shared
        refill(&shared, 1000, with: 2)
        #expect(shared !== held)
        #expect(holds(held, 1000, of: 1))
        #expect(holds(shared, 1000, of: 2))
    }

    @Test func moreThanFitsComesInANewObjectAndTheOldOneGoes() {
        var shared: SharedBytes?
        refill(&shared, 1000, with: 1)
        weak let old = shared
        refill(&shared, 1126, with: 2)
        #expect(old == nil)
        #expect(holds(shared, 1126, of: 2))
    }

    /// A buffer of 4500 bytes (4000 and an eighth) serves as long as a quarter of it, 1125, is at most what is needed and 256.
    @Test(arguments: [(869, true), (868, false), (4500, true), (4501, false), (0, false)])
    func aBufferFourTimesTooLargeIsGivenBack(count: Int, staysInPlace: Bool) {
        var shared: SharedBytes?
        refill(&shared, 4000, with: 1)
        weak let old = shared
        refill(&shared, count, with: 2)
        #expect((old != nil) == staysInPlace)
        #expect(holds(shared, count, of: 2))
    }
}
