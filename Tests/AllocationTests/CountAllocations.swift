import CAllocationCounter

/// How many allocations `body` makes on this thread. It runs twice and the second run counts: the first use of a type
/// or function may build runtime metadata.
func countAllocations(_ body: () -> Void) -> UInt64 {
    body()
    let before = allocation_count_of_thread()
    body()
    return allocation_count_of_thread() - before
}
