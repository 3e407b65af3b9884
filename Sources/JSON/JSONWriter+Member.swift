/// A key and its value in one call.
extension JSONWriter {
    /// A member that is `true` or `false`.
    @inlinable
    public mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        self.value(value)
    }

    /// A member that is an integer of at most 64 bits.
    @inlinable
    public mutating func member(_ name: StaticString, _ value: some FixedWidthInteger) {
        key(name)
        self.value(value)
    }

    /// A member that is the shortest spelling of a number; `null` for infinities and NaN.
    @inlinable
    public mutating func member(_ name: StaticString, _ value: Double) {
        key(name)
        self.value(value)
    }

    /// A member that is the shortest spelling of a number; `null` for infinities and NaN.
    @inlinable
    public mutating func member(_ name: StaticString, _ value: Float) {
        key(name)
        self.value(value)
    }

    /// Rounded to at most `decimals` places; see ``value(_:decimals:)-(Double,_)``.
    @inlinable
    public mutating func member(_ name: StaticString, _ value: Double, decimals: Int) {
        key(name)
        self.value(value, decimals: decimals)
    }

    /// Rounded to at most `decimals` places; see ``value(_:decimals:)-(Double,_)``.
    @inlinable
    public mutating func member(_ name: StaticString, _ value: Float, decimals: Int) {
        key(name)
        self.value(value, decimals: decimals)
    }

    /// A member that is a string.
    @inlinable
    @_disfavoredOverload
    public mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        self.value(value)
    }

    /// A member that is a string literal.
    @inlinable
    public mutating func member(_ name: StaticString, _ value: StaticString) {
        key(name)
        self.value(value)
    }

    /// The value, or `null` for none.
    @inlinable
    @_disfavoredOverload
    public mutating func member(_ name: StaticString, _ value: String?) {
        key(name)
        self.value(value)
    }

    /// The value, or `null` for none.
    @inlinable
    public mutating func member(_ name: StaticString, _ value: (some FixedWidthInteger)?) {
        key(name)
        self.value(value)
    }

    /// A member that is a tree.
    @inlinable
    @_disfavoredOverload
    public mutating func member(_ name: StaticString, _ value: JSONValue) {
        key(name)
        self.value(value)
    }
}
