internal import Glibc

extension TextReader {
    /// Reads the number that begins at `position`, exactly: an integer if it is spelled as one and fits in 64 bits,
    /// else the nearest `Double`.
    mutating func number() throws(JSONParseError) -> JSONValue {
        let start = position
        let isNegative = byte(position) == UInt8(ascii: "-")
        if isNegative { position += 1 }
        guard position < end, isDigit(position) else { throw unexpected() }
        var mantissa: UInt64 = 0
        // A leading zero stands alone (RFC 8259 §6).
        if byte(position) == UInt8(ascii: "0") { position += 1 } else { digits(into: &mantissa) }
        var digitCount = position - start - (isNegative ? 1 : 0)
        let marker = position < end ? byte(position) : 0
        guard marker == UInt8(ascii: ".") || marker | 0x20 == UInt8(ascii: "e") else {
            if let whole = integer(mantissa, digitCount, isNegative) { return whole }
            return .number(try hardNumber(start))
        }
        var exponent = 0
        if marker == UInt8(ascii: ".") {
            position += 1
            guard position < end, isDigit(position) else { throw unexpected() }
            let fractionStart = position
            // Zeros in front of the first digit do not count; a lone zero is the only integer part that spells none.
            if digitCount == 1, mantissa == 0 {
                while position < end, byte(position) == UInt8(ascii: "0") { position += 1 }
                digitCount = fractionStart - position
            }
            digits(into: &mantissa)
            exponent = fractionStart - position
            digitCount -= exponent
        }
        if position < end, byte(position) | 0x20 == UInt8(ascii: "e") { exponent += try exponentPart() }
        if let easy = Self.easyNumber(mantissa, digitCount, exponent) { return .number(isNegative ? -easy : easy) }
        return .number(try hardNumber(start))
    }

    @inline(__always)
    private func isDigit(_ offset: Int) -> Bool {
        byte(offset) &- UInt8(ascii: "0") < 10
    }

    /// Reads digits; the mantissa is meaningless once it has more than 19.
    @inline(__always)
    private mutating func digits(into mantissa: inout UInt64) {
        while position < end {
            let digit = byte(position) &- UInt8(ascii: "0")
            guard digit < 10 else { return }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            position += 1
        }
    }

    @inline(__always)
    private func integer(_ mantissa: UInt64, _ digitCount: Int, _ isNegative: Bool) -> JSONValue? {
        // 19 digits always fit in 64 unsigned bits.
        guard digitCount <= 19 else { return nil }
        if !isNegative { return mantissa <= UInt64(Int64.max) ? .integer(Int64(bitPattern: mantissa)) : nil }
        // An integer has no negative zero.
        if mantissa == 0 { return .number(-0.0) }
        return mantissa <= UInt64(1) << 63 ? .integer(0 &- Int64(bitPattern: mantissa)) : nil
    }

    /// Reads `e`, an optional sign and digits; values too large to matter are cut off.
    private mutating func exponentPart() throws(JSONParseError) -> Int {
        position += 1
        var isNegative = false
        if position < end, byte(position) == UInt8(ascii: "+") || byte(position) == UInt8(ascii: "-") {
            isNegative = byte(position) == UInt8(ascii: "-")
            position += 1
        }
        guard position < end, isDigit(position) else { throw unexpected() }
        var value = 0
        while position < end, isDigit(position) {
            if value < 1_000_000 { value = value * 10 + Int(byte(position) - UInt8(ascii: "0")) }
            position += 1
        }
        return isNegative ? -value : value
    }

    /// Clinger's fast path: a mantissa and a power of ten that are both exact need one rounding only.
    @inline(__always)
    private static func easyNumber(_ mantissa: UInt64, _ digitCount: Int, _ exponent: Int) -> Double? {
        if mantissa == 0, digitCount <= 19 { return 0 }
        guard digitCount <= 19, mantissa <= 1 << 53, exponent >= -22, exponent <= 22 else { return nil }
        let value = Double(mantissa)
        return exponent < 0 ? value / PowersOfTen.exact(-exponent) : value * PowersOfTen.exact(exponent)
    }

    /// The number spelled from `start` to `position`, by the C library on a terminated copy.
    @inline(never)
    private func hardNumber(_ start: Int) throws(JSONParseError) -> Double {
        let length = position - start
        let value = withUnsafeTemporaryAllocation(of: CChar.self, capacity: length + 1) { copy -> Double in
            guard let target = copy.baseAddress else { return .nan }
            memcpy(target, base + start, length)
            target[length] = 0
            var stop: UnsafeMutablePointer<CChar>?
            let value = strtod(target, &stop)
            if stop == target + length { return value }
            // The program has set a locale with another decimal point.
            return Double(String(cString: target)) ?? .nan
        }
        guard value.isFinite else { throw JSONParseError(.numberOutOfRange, at: start) }
        return value
    }
}
