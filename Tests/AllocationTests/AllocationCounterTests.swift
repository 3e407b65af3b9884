import CAllocationCounter
import Glibc
import PylonBytes
import PylonThreading
import Testing

/// What the counter itself promises; every test reads its own thread's count, so they may run beside each other.
@Suite(.enabled(if: allocation_counter_is_active(), "sanitizers bring their own allocator"))
struct AllocationCounterTests {
    @Test func everyWayToAllocateIsCounted() {
        var aligned: UnsafeMutableRawPointer?
        let before = allocation_count_of_thread()
        let blocks = [malloc(10), calloc(2, 8), realloc(nil, 16), aligned_alloc(64, 64)]
        posix_memalign(&aligned, 64, 100)
        let after = allocation_count_of_thread()
        // One more than the five calls: the array that holds them.
        #expect(after - before == 6)
        for block in blocks { free(block) }
        free(aligned)
        #expect(allocation_count_of_thread() == after)
    }

    @Test func aClassInstanceIsOneAllocation() {
        final class Node { var value = 1 }
        let before = allocation_count_of_thread()
        let node = Node()
        let after = allocation_count_of_thread()
        withExtendedLifetime(node) { #expect(after - before <= 1) }
        let array = [Int](unsafeUninitializedCapacity: 1000) { _, count in count = 1000 }
        #expect(allocation_count_of_thread() - after == 1 && array.count == 1000)
    }

    @Test func anotherThreadsAllocationsCountForTheProcessOnly() {
        let threadBefore = allocation_count_of_thread()
        let processBefore = allocation_count()
        let thread = Thread.spawn(name: "allocates") { for _ in 0..<1000 { free(malloc(32)) } }
        thread.join()
        #expect(allocation_count() - processBefore >= 1000)
        #expect(allocation_count_of_thread() - threadBefore < 100)
    }

    @Test(arguments: [1, 3, 24]) func impossibleAlignmentsAreRefused(alignment: Int) {
        var aligned: UnsafeMutableRawPointer?
        #expect(posix_memalign(&aligned, alignment, 10) == EINVAL)
    }

    @Test func alignmentIsHonoured() {
        for alignment in [16, 64, 256, 4096] {
            let block = aligned_alloc(alignment, 4096)
            #expect(UInt(bitPattern: block).isMultiple(of: UInt(alignment)))
            free(block)
        }
    }

    @Test func usableSizeIsTheAllocatorsOwn() {
        let block = malloc(100)
        #expect(malloc_usable_size(block) >= 100)
        free(block)
    }
}
