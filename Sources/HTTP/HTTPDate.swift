internal import PylonTime

/// Dates as HTTP writes them (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum HTTPDate {
    /// The IMF-fixdate of a time in seconds since 1970-01-01T00:00:00Z, without leap seconds.
    ///
    /// Times outside the years 1 to 9999 become the nearest one inside. Costs one allocation: callers keep the text
    /// for the second it lasts.
    package static func text(epochSeconds: Int) -> String {
        let clamped = min(max(epochSeconds, -62_135_596_800), 253_402_300_799)
        let time = CalendarTime(secondsSinceEpoch: clamped)
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
            put("SunMonTueWedThuFriSat", time.weekday * 3, 3)
            put(", ", 0, 2)
            put(time.day, digits: 2)
            put(" ", 0, 1)
            put("JanFebMarAprMayJunJulAugSepOctNovDec", (time.month - 1) * 3, 3)
            put(" ", 0, 1)
            put(time.year, digits: 4)
            put(" ", 0, 1)
            put(time.hour, digits: 2)
            put(":", 0, 1)
            put(time.minute, digits: 2)
            put(":", 0, 1)
            put(time.second, digits: 2)
            put(" GMT", 0, 4)
            return index
        }
    }
}
