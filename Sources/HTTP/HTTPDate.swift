/// Dates as HTTP writes them (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum HTTPDate {
    /// The IMF-fixdate of a time in seconds since 1970-01-01T00:00:00Z, without leap seconds.
    ///
    /// Times outside the years 1 to 9999 become the nearest one inside. Costs one allocation: callers keep the text
    /// for the second it lasts.
    package static func text(epochSeconds: Int) -> String {
        let clamped = min(max(epochSeconds, -62_135_596_800), 253_402_300_799)
        let day = clamped >= 0 ? clamped / 86_400 : (clamped - 86_399) / 86_400
        let second = clamped - day * 86_400
        let date = civil(day)
        return String(unsafeUninitializedCapacity: 29) { target in
            var index = 0
            func put(_ text: StaticString, _ offset: Int, _ length: Int) {
                for position in 0..<length {
                    target[index] = text.utf8Start[offset + position]
                    index += 1
                }
            }
            func put(_ value: Int, digits: Int) {
                var rest = value
                for position in stride(from: index + digits - 1, through: index, by: -1) {
                    target[position] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                index += digits
            }
            // Day 0 was a Thursday; the remainder of a negative day is negative.
            put("MonTueWedThuFriSatSun", ((day + 3) % 7 + 7) % 7 * 3, 3)
            put(", ", 0, 2)
            put(date.day, digits: 2)
            put(" ", 0, 1)
            put("JanFebMarAprMayJunJulAugSepOctNovDec", (date.month - 1) * 3, 3)
            put(" ", 0, 1)
            put(date.year, digits: 4)
            put(" ", 0, 1)
            put(second / 3600, digits: 2)
            put(":", 0, 1)
            put(second / 60 % 60, digits: 2)
            put(":", 0, 1)
            put(second % 60, digits: 2)
            put(" GMT", 0, 4)
            return index
        }
    }

    /// The Gregorian date of a day counted from 1970-01-01.
    ///
    /// Years are counted from March here, so that the leap day is a year's last: within a 400-year era of 146,097 days
    /// everything is then division. Only days of the years 1 to 9999 are asked for, so `shifted` is never negative.
    private static func civil(_ day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}
