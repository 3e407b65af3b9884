import CAllocationCounter
import PylonJSON
import Testing

/// A snapshot is written into a writer that was used before: nothing is allocated for it.
@Suite(.enabled(if: allocation_counter_is_active(), "sanitizers bring their own allocator"))
struct JSONWriterAllocationTests {
    @Test func rewritingASnapshotAllocatesNothing() {
        var json = JSONWriter()
        let name = "a name with \"quotes\" that is longer than fifteen bytes"
        let count = countAllocations {
            json.reset()
            json.beginObject()
            json.member("tick", 123_456_789)
            json.beginArray("entities")
            for index in 0..<100 {
                json.beginObject()
                json.member("id", index)
                json.member("x", Double(index) * 1.25, decimals: 2)
                json.member("alive", true)
                json.member("kind", "wanderer")
                json.member("name", name)
                json.endObject()
            }
            json.endArray()
            json.endObject()
        }
        #expect(count == 0)
    }
}
