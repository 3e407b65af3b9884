internal import Pylon

/// Names for players who have not chosen one, and the rules for those who have.
enum Nickname {
    private static let first = [
        "Amber", "Brave", "Calm", "Dusky", "Eager", "Fleet", "Gentle", "Hazel", "Ivory", "Jolly", "Keen", "Lucky",
        "Misty", "Noble", "Opal", "Quick",
    ]
    private static let second = [
        "Badger", "Crane", "Dolphin", "Egret", "Falcon", "Gecko", "Heron", "Ibis", "Jackal", "Kite", "Lynx", "Marten",
        "Newt", "Otter", "Puffin", "Raven",
    ]

    /// A name that depends on nothing but the id, so that a reload keeps it.
    static func derived(from id: String) -> String {
        // FNV-1a, 64 bits.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        // FNV leaves similar ids with similar high bits; one step of the generator spreads them.
        var random = SeededGenerator(seed: hash)
        let bits = random.next()
        return "\(first[Int(bits >> 60)]) \(second[Int(bits >> 56 & 15)])"
    }

    /// A chosen name without control characters and outer spaces, cut to what the page has room for; nil when nothing
    /// is left.
    static func cleaned(_ text: String) -> String? {
        // 4 KiB: nobody's name; keeps the work small whatever comes in.
        guard text.utf8.count <= 4096 else { return nil }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where isAllowed(scalar) { scalars.append(scalar) }
        var characters = String(scalars)[...]
        while characters.first?.isWhitespace == true { characters.removeFirst() }
        characters = characters.prefix(Player.nameLengthMaximum)
        while characters.last?.isWhitespace == true { characters.removeLast() }
        // 64 bytes: a character may be built from any number of combining marks.
        return characters.isEmpty || characters.utf8.count > 64 ? nil : String(characters)
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
