/// A moment in UTC as people write it, without a time-zone database: the proleptic Gregorian calendar.
public struct CalendarTime: Hashable, Sendable {
    public let year: Int
    /// 1...12.
    public let month: Int
    /// 1...31.
    public let day: Int
    public let hour: Int
    public let minute: Int
    public let second: Int
    /// 0 is Sunday.
    public let weekday: Int

    /// The calendar time of a count of seconds since 1970-01-01T00:00:00Z, without leap seconds; the year must be 1 or later.
    ///
    /// Years are counted from March, so that the leap day is a year's last: within a 400-year era of 146,097 days everything is then
    /// division.
    public init(secondsSinceEpoch seconds: Int) {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let rest = seconds - days * 86_400
        let shifted = days + 719_468
        precondition(shifted >= 0, "before the year 1")
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = rest / 3600
        minute = rest % 3600 / 60
        second = rest % 60
        // Day 0 was a Thursday; day -719,468 a Wednesday.
        weekday = (shifted + 3) % 7
    }

    /// `2026-11-21T07:05:09Z` (RFC 3339).
    public var text: String {
        "\(year)-\(Self.padded(month))-\(Self.padded(day))T\(Self.padded(hour)):\(Self.padded(minute)):\(Self.padded(second))Z"
    }

    private static func padded(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
