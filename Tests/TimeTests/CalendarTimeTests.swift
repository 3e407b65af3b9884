import Glibc
import PylonTestSupport
import PylonTime
import Testing

@Suite struct CalendarTimeTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z", 4),
            (86_399, "1970-01-01T23:59:59Z", 4),
            (951_782_400, "2000-02-29T00:00:00Z", 2),
            (951_868_800, "2000-03-01T00:00:00Z", 3),
            (1_709_164_800, "2024-02-29T00:00:00Z", 4),
            (1_709_251_199, "2024-02-29T23:59:59Z", 4),
            (1_740_787_200, "2025-03-01T00:00:00Z", 6),
            (2_147_483_648, "2038-01-19T03:14:08Z", 2),
            (4_107_542_400, "2100-03-01T00:00:00Z", 1),
            (253_402_300_799, "9999-12-31T23:59:59Z", 5),
            (253_402_300_800, "10000-01-01T00:00:00Z", 6),
        ] as [(Int, String, Int)])
    func knownMomentsReadRight(seconds: Int, text: String, weekday: Int) {
        let time = CalendarTime(secondsSinceEpoch: seconds)
        #expect(time.text == text)
        #expect(time.weekday == weekday)
    }

    @Test func everyDayFollowsTheOneBefore() {
        var last = CalendarTime(secondsSinceEpoch: 0)
        // 400 years and some: every rule of the calendar comes up.
        for day in 1...150_000 {
            let time = CalendarTime(secondsSinceEpoch: day * 86_400)
            let isLeap = last.year % 4 == 0 && (last.year % 100 != 0 || last.year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            let endsMonth = last.day == lengths[last.month - 1]
            let endsYear = endsMonth && last.month == 12
            let follows =
                time.day == (endsMonth ? 1 : last.day + 1)
                && time.month == (endsYear ? 1 : endsMonth ? last.month + 1 : last.month)
                && time.year == (endsYear ? last.year + 1 : last.year) && time.weekday == (last.weekday + 1) % 7
            #expect(follows, "day \(day): \(time.text) after \(last.text)")
            if !follows { return }
            last = time
        }
    }

    @Test func randomMomentsAgreeWithTheCLibrary() {
        var generator = SeededGenerator(seed: testSeed())
        for _ in 0..<2000 {
            let seconds = Int.random(in: -62_135_596_800..<1 << 40, using: &generator)
            let time = CalendarTime(secondsSinceEpoch: seconds)
            var raw = time_t(seconds)
            var parts = tm()
            gmtime_r(&raw, &parts)
            #expect(time.year == Int(parts.tm_year) + 1900 && time.month == Int(parts.tm_mon) + 1)
            #expect(time.day == Int(parts.tm_mday) && time.weekday == Int(parts.tm_wday))
            #expect(time.hour == Int(parts.tm_hour) && time.minute == Int(parts.tm_min))
            #expect(time.second == Int(parts.tm_sec))
        }
    }
}
