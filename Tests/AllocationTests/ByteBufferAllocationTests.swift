import CAllocationCounter
import PylonBytes
import Testing

/// The buffers of the tick path allocate while they grow and never again.
@Suite(.enabled(if: allocation_counter_is_active(), "sanitizers bring their own allocator"))
struct ByteBufferAllocationTests {
    @Test func anEmptyBufferHoldsNoHeap() {
        let count = countAllocations {
            let buffer = ByteBuffer()
            withExtendedLifetime(buffer.capacityBytes) {}
        }
        #expect(count == 0)
    }

    @Test func refillingABufferAllocatesNothing() {
        var buffer = ByteBuffer()
        let count = countAllocations {
            for _ in 0..<20 {
                buffer.removeAll()
                for index in 0..<200 {
                    buffer.append(UInt8(truncatingIfNeeded: index))
                    buffer.append(decimal: index)
                    buffer.append("literal")
                    buffer.append(bigEndian: UInt64(index))
                }
            }
        }
        #expect(count == 0)
    }

    @Test func aStreamThatIsConsumedAsItComesAllocatesNothing() {
        var buffer = ByteBuffer(capacity: 1024)
        let count = countAllocations {
            for index in 0..<10_000 {
                buffer.append(bigEndian: UInt64(index))
                if buffer.count >= 512 { buffer.consume(500) }
            }
        }
        #expect(count == 0)
    }

    @Test func releasedMemoryIsAllocatedAgainOnlyWhenWritten() {
        let count = countAllocations {
            var buffer = ByteBuffer()
            buffer.append(1 as UInt8)
            buffer.releaseMemory()
            buffer.append(2 as UInt8)
        }
        #expect(count == 2)
    }
}
