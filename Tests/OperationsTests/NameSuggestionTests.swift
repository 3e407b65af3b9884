import Testing

@testable import PylonOperations

@Suite struct NameSuggestionTests {
    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("", "abc", 3), ("push", "push", 0), ("psuh", "push", 2), ("pus", "push", 1),
        ("pushh", "push", 1), ("plan", "push", 3), ("kitten", "sitting", 3), ("é", "e", 2),
    ])
    func theDistanceIsThatOfLevenshtein(left: String, right: String, distance: Int) {
        #expect(NameSuggestion.distance(left, right) == distance)
        #expect(NameSuggestion.distance(right, left) == distance)
    }

    @Test func theNearestWithinThreeIsMeant() {
        let names = ["check", "plan", "push", "inspect", "history"]
        #expect(NameSuggestion.nearest(to: "chek", among: names) == "check")
        #expect(NameSuggestion.nearest(to: "histroy", among: names) == "history")
        #expect(NameSuggestion.nearest(to: "plush", among: names) == "push")
        #expect(NameSuggestion.nearest(to: "wxyzvut", among: names) == nil)
        #expect(NameSuggestion.nearest(to: "a", among: []) == nil)
    }

    @Test func longWordsAreNotComparedToTheirEnd() {
        let long = String(repeating: "a", count: 1_000_000)
        #expect(NameSuggestion.distance(long, "b") == 64)
    }
}
