/// What somebody meant who mistyped a name.
package enum NameSuggestion {
    /// The most letters to insert, remove or exchange (spec/data.md 6.3).
    static let distanceMaximum = 3

    /// The nearest of the names, the first of several; nil when none is near.
    package static func nearest(to word: String, among names: [String]) -> String? {
        let near = names.map { (name: $0, distance: distance(word, $0)) }.filter { $0.distance <= distanceMaximum }
        return near.min { $0.distance < $1.distance }?.name
    }

    /// How many bytes have to be inserted, removed or exchanged to turn one word into the other (Levenshtein);
    /// O(product of the lengths), which stops counting behind 64.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8.prefix(64)), Array(right.utf8.prefix(64)))
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let exchanged = diagonal + (byte == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(exchanged, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
