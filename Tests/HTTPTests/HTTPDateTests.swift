import PylonHTTP
import Testing

@Suite struct HTTPDateTests {
    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
        (1_078_012_800, "Sun, 29 Feb 2004 00:00:00 GMT"), (4_107_456_000, "Sun, 28 Feb 2100 00:00:00 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (2_147_483_648, "Tue, 19 Jan 2038 03:14:08 GMT"),
        (1_795_219_200, "Sat, 21 Nov 2026 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (-62_135_596_800, "Mon, 01 Jan 0001 00:00:00 GMT"), (Int.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (Int.min, "Mon, 01 Jan 0001 00:00:00 GMT"),
    ])
    func `known instants`(_ seconds: Int, _ text: String) {
        #expect(HTTPDate.text(epochSeconds: seconds) == text)
    }

    @Test func `each day follows the one before`() {
        // A calendar counted by hand, day by day, over the leap rules of 1896 to 2104.
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let weekdays = ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue"]
        var (year, month, day, count) = (1896, 0, 1, 0)
        let first = -27_028 * 86_400
        while year < 2105 {
            let digits = day < 10 ? "0\(day)" : "\(day)"
            let expected = "\(weekdays[count % 7]), \(digits) \(months[month]) \(year) 12:34:56 GMT"
            #expect(HTTPDate.text(epochSeconds: first + count * 86_400 + 45_296) == expected)
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            count += 1
            day += 1
            if day > lengths[month] + (month == 1 && isLeap ? 1 : 0) {
                day = 1
                month += 1
            }
            if month == 12 {
                month = 0
                year += 1
            }
        }
    }
}
