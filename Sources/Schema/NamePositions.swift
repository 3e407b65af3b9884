/// Where each name of a list stands: O(1) lookup beside an array.
///
/// It is derived from the list beside it, so it takes no part in equality.
struct NamePositions: Hashable, Sendable {
    private let positions: [String: Int]
    private let names: [String]

    /// Of equal names the first counts.
    init(_ names: [String]) {
        self.names = names
        positions = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The position of a name, byte by byte: `String` alone would take the Kelvin sign for a K.
    subscript(name: String) -> Int? {
        guard let position = positions[name], names[position].utf8.count == name.utf8.count else { return nil }
        return position
    }

    static func == (left: NamePositions, right: NamePositions) -> Bool { true }

    func hash(into hasher: inout Hasher) {}
}
