import CAllocationCounter
import Glibc
import PylonThreading
import Testing

/// What the counter itself promises; every test reads its own thread's count, so they may run beside each other.
@Suite(.enabled(if: allocation_counter_is_active(), "sanitizers bring their own allocator"))
struct AllocationCounterTests {
    @Test func everyWayToAllocateIsCountedOnceAndFreesAreNot() {
        #expect(countAllocations { free(malloc(10)) } == 1)
        #expect(countAllocations { free(calloc(2, 8)) } == 1)
        #expect(countAllocations { free(realloc(malloc(10), 10_000)) } == 2)
        #expect(countAllocations { free(aligned_alloc(64, 64)) } == 1)
        #expect(countAllocations { free(reallocarray(nil, 3, 5)) } == 1)
        let aligned = countAllocations {
            var block: UnsafeMutableRawPointer?
            posix_memalign(&block, 64, 100)
            free(block)
        }
        #expect(aligned == 1)
    }

    @Test func whatSwiftAllocatesIsCounted() {
        let count = countAllocations {
            withExtendedLifetime([Int](unsafeUninitializedCapacity: 1000) { _, count in count = 1000 }) {}
        }
        #expect(count == 1)
        #expect(countAllocations {} == 0)
    }

    @Test func anotherThreadsAllocationsCountForTheProcessOnly() {
        let threadBefore = allocation_count_of_thread()
        let processBefore = allocation_count()
        let thread = Thread.spawn(name: "allocates") {
            for _ in 0..<1000 { free(malloc(32)) }
        }
        thread.join()
        let threadCount = allocation_count_of_thread() - threadBefore
        #expect(allocation_count() - processBefore >= 1000)
        #expect(threadCount < 100)
    }

    @Test(arguments: [1, 3, 24]) func impossibleAlignmentsAreRefused(alignment: Int) {
        var block: UnsafeMutableRawPointer?
        #expect(posix_memalign(&block, alignment, 10) == EINVAL)
    }

    @Test(arguments: [16, 64, 256, 4096]) func alignmentIsHonoured(alignment: Int) {
        let block = aligned_alloc(alignment, 4096)
        #expect(UInt(bitPattern: block).isMultiple(of: UInt(alignment)))
        free(block)
    }

    @Test func impossibleSizesAreRefused() {
        #expect(reallocarray(nil, .max, 2) == nil)
    }

    @Test func usableSizeIsTheAllocatorsOwn() {
        let block = malloc(100)
        #expect(malloc_usable_size(block) >= 100)
        free(block)
    }
}
