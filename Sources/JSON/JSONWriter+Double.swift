internal import PylonBytes

extension JSONWriter {
    /// Writes the shortest number that reads back as the same `Double`: `2`, `0.1`, `1e+30`; `null` for infinities and
    /// NaN, which JSON cannot spell.
    @inlinable
    public mutating func value(_ value: Double) {
        beforeValue()
        appendShortest(value)
    }

    /// Writes the shortest number that reads back as the same `Float`; `null` for infinities and NaN.
    @inlinable
    public mutating func value(_ value: Float) {
        beforeValue()
        appendShortest(value)
    }

    /// Writes a number rounded to at most `decimals` places (0 to 15), without trailing zeros: the fast way to write
    /// what needs no more, such as a position. `null` for infinities and NaN.
    @inlinable
    public mutating func value(_ value: Double, decimals: Int) {
        beforeValue()
        appendRounded(value, decimals)
    }

    /// Writes a number rounded to at most `decimals` places; see ``value(_:decimals:)-(Double,_)``.
    @inlinable
    public mutating func value(_ value: Float, decimals: Int) {
        self.value(Double(value), decimals: decimals)
    }

    /// Writes the shortest number that reads back as `value`; `null` for infinities and NaN, which JSON cannot spell.
    /// Whole numbers are written without a fraction.
    @usableFromInline
    mutating func appendShortest(_ value: Double) {
        // Below 2^53 a double tells all whole numbers apart, so the integer's digits are the shortest.
        if value.magnitude < 0x1p53, value == value.rounded(.towardZero) {
            if value == 0, value.sign == .minus { buffer.append(UInt8(ascii: "-")) }
            buffer.append(decimal: Int64(value))
            return
        }
        guard value.isFinite else {
            buffer.append(StaticString("null"))
            return
        }
        if appendFewDecimals(value) { return }
        append(textOf: value)
    }

    /// Writes the shortest number that reads back as `value`; `null` for infinities and NaN.
    @usableFromInline
    mutating func appendShortest(_ value: Float) {
        // Below 2^24 a float tells all whole numbers apart, and their text is that of the double.
        if value.magnitude < 0x1p24, value == value.rounded(.towardZero) { return appendShortest(Double(value)) }
        guard value.isFinite else {
            buffer.append(StaticString("null"))
            return
        }
        append(textOf: value)
    }

    private mutating func append(textOf value: some TextOutputStreamable) {
        var text = NumberText()
        value.write(to: &text)
        let count = text.count
        Swift.withUnsafeBytes(of: text.bytes) { buffer.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    /// Writes a value that at most four decimals spell, such as a rounded coordinate; false if it takes more.
    ///
    /// The quotient of two exact numbers is the double nearest to that decimal. With no more than 15 digits no other
    /// decimal as short has the same double, so the first hit is the shortest.
    private mutating func appendFewDecimals(_ value: Double) -> Bool {
        guard value.magnitude < 1e11, value.magnitude >= 1e-4 else { return false }
        for decimals in 1...4 {
            let power = PowersOfTen.exact(decimals)
            let scaled = (value * power).rounded()
            if scaled / power == value {
                append(scaled: Int64(scaled), decimals: decimals)
                return true
            }
        }
        return false
    }

    /// Writes a value rounded to `decimals` places, without trailing zeros.
    @usableFromInline
    mutating func appendRounded(_ value: Double, _ decimals: Int) {
        precondition(decimals >= 0 && decimals <= 15, "decimals beyond 15")
        let scaled = (value * PowersOfTen.exact(decimals)).rounded()
        guard scaled.magnitude < 0x1p53 else { return appendShortest(value) }
        var digits = Int64(scaled)
        var places = decimals
        while places > 0, digits % 10 == 0 {
            digits /= 10
            places -= 1
        }
        append(scaled: digits, decimals: places)
    }

    /// Appends `digits` divided by ten to the power of `decimals`.
    @inline(__always)
    private mutating func append(scaled digits: Int64, decimals: Int) {
        if digits < 0 { buffer.append(UInt8(ascii: "-")) }
        var fraction = digits.magnitude
        let power = PowersOfTen.integer(decimals)
        buffer.append(decimal: fraction / power)
        if decimals == 0 { return }
        fraction %= power
        buffer.withSpareCapacity(decimals + 1) { spare in
            spare[0] = UInt8(ascii: ".")
            var index = decimals
            while index > 0 {
                spare[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: fraction % 10)
                fraction /= 10
                index -= 1
            }
            return decimals + 1
        }
    }
}

/// Takes the text of one number from the standard library without a `String`.
private struct NumberText: TextOutputStream {
    /// 24 bytes are the longest, `-2.2250738585072014e-308`.
    var bytes = InlineArray<32, UInt8>(repeating: 0)
    var count = 0

    mutating func write(_ string: String) {
        for byte in string.utf8 { append(byte) }
    }

    /// What numbers call; without it they would come through `write` as a `String`, on the heap beyond 15 bytes.
    mutating func _writeASCII(_ buffer: UnsafeBufferPointer<UInt8>) {
        for byte in buffer { append(byte) }
    }

    private mutating func append(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }
}
