internal import PylonBenchKit

/// The memory of a server at one moment.
struct MemorySample {
    /// What its allocator has handed out; -1 when that is not counted.
    let heapBytes: Int
    let residentBytes: Int

    init(of server: ServerUnderTest) throws(BenchError) {
        heapBytes = Int(try server.metrics().value("pylon_heap_allocated_bytes") ?? -1)
        guard heapBytes >= 0 else { throw .process("the server does not say pylon_heap_allocated_bytes") }
        residentBytes = try ProcessSample(pid: server.process.pid).residentBytes
    }
}
