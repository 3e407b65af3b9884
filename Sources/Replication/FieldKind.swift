/// What a field holds and in how many bits it is kept and sent.
public enum FieldKind: Hashable, Sendable {
    case bool
    /// A whole number in 1...32 bits; what lies outside is clamped.
    case unsigned(bits: Int)
    /// A whole number in 2...32 bits, two's complement; what lies outside is clamped.
    case signed(bits: Int)
    /// A number in `min...max` at 2^bits evenly spaced places, 1...32 bits; off by at most half a place.
    case float(min: Double, max: Double, bits: Int)

    /// The bits a value takes.
    public var bits: Int {
        switch self {
        case .bool: 1
        case .unsigned(let bits), .signed(let bits), .float(_, _, let bits): bits
        }
    }

    /// The largest quantised word.
    var wordMaximum: UInt32 { UInt32.max >> UInt32(32 - bits) }

    /// Whether the numbers in it make sense.
    var isValid: Bool {
        switch self {
        case .bool: true
        case .unsigned(let bits): (1...32).contains(bits)
        case .signed(let bits): (2...32).contains(bits)
        case .float(let min, let max, let bits):
            (1...32).contains(bits) && min.isFinite && max.isFinite && min < max && (max - min).isFinite
        }
    }

    /// The word that stands for a value; values of another kind are converted as far as that makes sense, not a number is the least.
    func word(for value: FieldValue) -> UInt32 {
        switch self {
        case .bool: value.number != 0 ? 1 : 0
        case .unsigned: UInt32(truncatingIfNeeded: min(max(value.integer, 0), Int64(wordMaximum)))
        case .signed(let bits):
            UInt32(truncatingIfNeeded: min(max(value.integer, -(1 << (bits - 1))), 1 << (bits - 1) - 1)) & wordMaximum
        case .float(let min, let max, _): Quantisation(min: min, max: max, wordMaximum: wordMaximum).word(value.number)
        }
    }

    /// The value that a word stands for.
    func value(of word: UInt32) -> FieldValue {
        switch self {
        case .bool: .bool(word != 0)
        case .unsigned: .integer(Int64(word))
        case .signed(let bits):
            .integer(Int64(Int32(bitPattern: word << UInt32(32 - bits)) >> Int32(32 - bits)))
        case .float(let min, let max, _):
            .number(Quantisation(min: min, max: max, wordMaximum: wordMaximum).value(word))
        }
    }
}

/// The value of a field.
public enum FieldValue: Hashable, Sendable {
    case bool(Bool)
    case integer(Int64)
    case number(Double)

    /// As a whole number: fractions are cut off, what does not fit is clamped, not a number is 0.
    public var integer: Int64 {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): value
        case .number(let value):
            value.isNaN ? 0 : Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
        }
    }

    /// As a number.
    public var number: Double {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .number(let value): value
        }
    }
}

/// A range of numbers as evenly spaced places, the first at `min` and the last at `max`.
struct Quantisation: Hashable, Sendable {
    let min: Double
    let max: Double
    /// The distance of two places.
    let step: Double
    private let perStep: Double
    private let wordMaximum: UInt32

    init(min: Double, max: Double, wordMaximum: UInt32) {
        self.min = min
        self.max = max
        self.wordMaximum = wordMaximum
        step = (max - min) / Double(wordMaximum)
        perStep = Double(wordMaximum) / (max - min)
    }

    /// The nearest place; outside the range the nearest end, for not a number the first.
    @inline(__always)
    func word(_ value: Double) -> UInt32 {
        let place = (value - min) * perStep + 0.5
        // Written so that not a number falls to 0.
        guard place >= 1 else { return 0 }
        return place >= Double(wordMaximum) ? wordMaximum : UInt32(place)
    }

    @inline(__always)
    func value(_ word: UInt32) -> Double { word == wordMaximum ? max : min + Double(word) * step }
}
