import CAllocationCounter
import PylonBytes
import Testing

/// The buffers of the tick path allocate while they grow and never again.
@Suite(.enabled(if: allocation_counter_is_active(), "sanitizers bring their own allocator"))
struct ByteBufferAllocationTests {
    @Test func anEmptyBufferHoldsNoHeap() {
        let before = allocation_count_of_thread()
        let buffer = ByteBuffer()
        #expect(buffer.isEmpty)
        let made = ByteBuffer()
        let after = allocation_count_of_thread()
        withExtendedLifetime(made.count) { #expect(after - before <= 64) }
        #expect(made.capacityBytes == 0 && buffer.capacityBytes == 0)
    }

    @Test func refillingABufferAllocatesNothing() {
        var buffer = ByteBuffer()
        func fill() {
            buffer.removeAll()
            for index in 0..<200 {
                buffer.append(UInt8(truncatingIfNeeded: index))
                buffer.append(decimal: index)
                buffer.append("literal")
                buffer.append(bigEndian: UInt64(index))
            }
        }
        fill()
        let before = allocation_count_of_thread()
        for _ in 0..<100 { fill() }
        #expect(allocation_count_of_thread() == before)
    }

    @Test func aStreamThatIsConsumedAsItComesAllocatesNothing() {
        var buffer = ByteBuffer(capacity: 1024)
        let before = allocation_count_of_thread()
        for index in 0..<10_000 {
            buffer.append(bigEndian: UInt64(index))
            if buffer.count >= 512 { buffer.consume(500) }
        }
        #expect(allocation_count_of_thread() == before)
    }

    @Test func releasedMemoryIsAllocatedAgainOnlyWhenWritten() {
        var buffer = ByteBuffer(capacity: 1024)
        buffer.releaseMemory()
        let before = allocation_count_of_thread()
        buffer.append(1 as UInt8)
        #expect(allocation_count_of_thread() - before == 1)
    }
}
