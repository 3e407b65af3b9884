extension Array where Element == Double {
    /// The middle value, the mean of the two middle ones for an even count, 0 for none.
    package var median: Double {
        guard !isEmpty else { return 0 }
        let sorted = self.sorted()
        let middle = count / 2
        return count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}
