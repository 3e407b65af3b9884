public import Pylon

/// What can be chosen about a zone when it is created; the rest is in the types it concerns.
public struct ZoneRules: Hashable, Sendable {
    public var wanderers = 300
    public var width = 3200.0
    public var height = 2000.0

    static let wanderersMaximum = 20_000
    static let sizeRange = 400.0...20_000.0

    public init() {}

    /// Reads `{"wanderers":300,"width":3200,"height":2000}`; what is missing has its default.
    public init(_ config: JSONValue) throws(ConfigurationError) {
        if let value = config["wanderers"] {
            guard let count = value.int, (0...Self.wanderersMaximum).contains(count) else {
                throw ConfigurationError("wanderers", "must be a whole number from 0 to \(Self.wanderersMaximum)")
            }
            wanderers = count
        }
        width = try Self.size(config, "width") ?? width
        height = try Self.size(config, "height") ?? height
    }

    private static func size(_ config: JSONValue, _ key: String) throws(ConfigurationError) -> Double? {
        guard let value = config[key] else { return nil }
        guard let size = value.double, sizeRange.contains(size) else {
            throw ConfigurationError(
                key, "must be a number from \(Int(sizeRange.lowerBound)) to \(Int(sizeRange.upperBound))")
        }
        return size.rounded()
    }
}
