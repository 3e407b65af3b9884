/// Instants as text: RFC 3339, checked against the calendar.
///
/// Text in UTC is kept as written, digit by digit; another offset is converted, as stored texts are compared and ordered
/// by their bytes. Leap seconds are refused, since SQLite's date functions know none.
enum DateTimeText {
    /// The text to store for an instant; nil when it is none.
    static func normalized(_ text: String) -> String? {
        let bytes = Array(text.utf8)
        // The shortest is 2026-05-01T10:00:00Z.
        guard bytes.count >= 20, var time = time(of: bytes) else { return nil }
        var end = 19
        if bytes[end] == UInt8(ascii: ".") {
            end = bytes[20...].firstIndex { !isDigit($0) } ?? bytes.count
            if end == 20 { return nil }
        }
        guard end < bytes.count, let offset = offsetMinutes(bytes[end...]) else { return nil }
        // Most are in this form already.
        if offset == 0, bytes[10] == UInt8(ascii: "T"), bytes[end] == UInt8(ascii: "Z") { return text }
        if offset != 0 { guard time.subtract(minutes: offset) else { return nil } }
        return time.text + String(decoding: bytes[19..<end], as: UTF8.self) + "Z"
    }

    /// Whether the text is a day of the calendar, `2026-05-01`: as text it stands before every instant of that day.
    static func isDate(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.count == 10 && date(of: bytes) != nil
    }

    /// A time of the calendar to the second.
    private struct Time {
        var year: Int
        var month: Int
        var day: Int
        var hour: Int
        var minute: Int
        var second: Int

        /// Moves back by less than a day (or forward for a negative count); false when that leaves the years 0 to 9999.
        mutating func subtract(minutes: Int) -> Bool {
            let total = hour * 60 + minute - minutes
            hour = (total + 1440) % 1440 / 60
            minute = (total + 1440) % 60
            if total < 0 {
                day -= 1
                if day == 0 {
                    month -= 1
                    if month == 0 { (year, month) = (year - 1, 12) }
                    if year < 0 { return false }
                    day = DateTimeText.dayCount(month, of: year)
                }
            } else if total >= 1440 {
                day += 1
                if day > DateTimeText.dayCount(month, of: year) {
                    (month, day) = (month + 1, 1)
                    if month == 13 { (year, month) = (year + 1, 1) }
                }
            }
            return year <= 9999
        }

        var text: String {
            func pad(_ number: Int, _ width: Int) -> String {
                let digits = String(number)
                return String(repeating: "0", count: width - digits.utf8.count) + digits
            }
            return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T\(pad(hour, 2)):\(pad(minute, 2)):\(pad(second, 2))"
        }
    }

    private static func time(of bytes: [UInt8]) -> Time? {
        guard var time = date(of: bytes), bytes[10] | 0x20 == UInt8(ascii: "t"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let hour = number(bytes, 11, 2), let minute = number(bytes, 14, 2), let second = number(bytes, 17, 2),
            hour < 24, minute < 60, second < 60
        else { return nil }
        (time.hour, time.minute, time.second) = (hour, minute, second)
        return time
    }

    private static func date(of bytes: [UInt8]) -> Time? {
        guard let year = number(bytes, 0, 4), let month = number(bytes, 5, 2), let day = number(bytes, 8, 2),
            bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            (1...12).contains(month), day >= 1, day <= dayCount(month, of: year)
        else { return nil }
        return Time(year: year, month: month, day: day, hour: 0, minute: 0, second: 0)
    }

    /// The minutes that `Z` or `+hh:mm` is ahead of UTC.
    private static func offsetMinutes(_ bytes: ArraySlice<UInt8>) -> Int? {
        let bytes = Array(bytes)
        if bytes.count == 1 { return bytes[0] | 0x20 == UInt8(ascii: "z") ? 0 : nil }
        guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            bytes[3] == UInt8(ascii: ":"), let hours = number(bytes, 1, 2), let minutes = number(bytes, 4, 2),
            hours < 24, minutes < 60
        else { return nil }
        return (bytes[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }

    private static func dayCount(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int? {
        var number = 0
        for byte in bytes[start..<start + count] {
            guard isDigit(byte) else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
