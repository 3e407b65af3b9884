import PylonJSON
import Testing

#if DEBUG
/// What only debug builds check.
@Suite struct JSONWriterMisuseTests {
    @Test func aKeyOutsideAnObjectTraps() async {
        await #expect(processExitsWith: .failure) {
            var json = JSONWriter()
            json.beginArray()
            json.key("a")
        }
    }

    @Test func aValueWithoutAKeyTraps() async {
        await #expect(processExitsWith: .failure) {
            var json = JSONWriter()
            json.beginObject()
            json.value(1)
        }
    }

    @Test func twoKeysInARowTrap() async {
        await #expect(processExitsWith: .failure) {
            var json = JSONWriter()
            json.beginObject()
            json.key("a")
            json.key("b")
        }
    }

    @Test func theWrongEndTraps() async {
        await #expect(processExitsWith: .failure) {
            var json = JSONWriter()
            json.beginObject()
            json.endArray()
        }
    }

    @Test func aSecondValueAtTheTopTraps() async {
        await #expect(processExitsWith: .failure) {
            var json = JSONWriter()
            json.value(1)
            json.value(2)
        }
    }

    @Test func aLiteralKeyThatNeedsEscapingTraps() async {
        await #expect(processExitsWith: .failure) {
            var json = JSONWriter()
            json.beginObject()
            json.key("a\"b")
        }
    }

    @Test func finishingTooEarlyTraps() async {
        await #expect(processExitsWith: .failure) {
            var json = JSONWriter()
            json.beginObject()
            _ = json.finish()
        }
    }
}
#endif
