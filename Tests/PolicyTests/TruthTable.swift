/// The truth table of docs/policies.md: each line is checked, and the page has to show these very lines.
struct TruthTable {
    struct Line: CustomStringConvertible, Sendable {
        /// `allowed`, `denied` or `needs the row`.
        let withoutRow: String
        let withRow: String
        let rule: String
        let caller: String
        let row: String

        init(_ rule: String, _ caller: String, _ row: String, _ withoutRow: String, _ withRow: String) {
            self.rule = rule
            self.caller = caller
            self.row = row
            self.withoutRow = withoutRow
            self.withRow = withRow
        }

        var description: String {
            // A bar would end the cell.
            let rule = rule.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
            return "| `\(rule)` | \(caller) | `\(row)` | \(withoutRow) | \(withRow) |"
        }
    }

    static let header = "| Rule | Caller | Row | Without a row | With it |"

    static let lines: [Line] = owners + nullTests + booleans + numbersAndTexts + callers + names

    private static let owners = [
        Line("auth.userId == data.ownerId", "u1", #"{"ownerId":"u1"}"#, "needs the row", "allowed"),
        Line("auth.userId == data.ownerId", "u1", #"{"ownerId":"u2"}"#, "needs the row", "denied"),
        Line("auth.userId == data.ownerId", "u1", "{}", "needs the row", "denied"),
        Line("auth.userId == data.ownerId", "nobody", #"{"ownerId":"u1"}"#, "denied", "denied"),
        Line("auth.userId == data.ownerId", "nobody", "{}", "denied", "denied"),
        Line("auth.userId != data.ownerId", "u1", #"{"ownerId":"u2"}"#, "needs the row", "allowed"),
        Line("auth.userId != data.ownerId", "u1", "{}", "needs the row", "denied"),
        Line("auth.userId != data.ownerId", "nobody", #"{"ownerId":"u1"}"#, "denied", "denied"),
        Line("!(auth.userId == data.ownerId)", "nobody", #"{"ownerId":"u1"}"#, "allowed", "allowed"),
    ]

    private static let nullTests = [
        Line("auth.userId != null", "nobody", "{}", "denied", "denied"),
        Line("auth.userId != null", "u1", "{}", "allowed", "allowed"),
        Line("auth.userId != null", "guest g1", "{}", "allowed", "allowed"),
        Line("data.ownerId == null", "u1", "{}", "needs the row", "allowed"),
        Line("data.ownerId == null", "u1", #"{"ownerId":"u1"}"#, "needs the row", "denied"),
        Line("data.ownerId != null", "u1", #"{"ownerId":"u1"}"#, "needs the row", "allowed"),
        Line("data.ownerId != null", "u1", "{}", "needs the row", "denied"),
        Line("null == null", "nobody", "{}", "allowed", "allowed"),
    ]

    private static let booleans = [
        Line("data.done", "u1", #"{"done":true}"#, "needs the row", "allowed"),
        Line("data.done", "u1", #"{"done":false}"#, "needs the row", "denied"),
        Line("data.done", "u1", "{}", "needs the row", "denied"),
        Line("!data.done", "u1", "{}", "needs the row", "allowed"),
        Line("data.done == true", "u1", #"{"done":true}"#, "needs the row", "allowed"),
        Line("data.done == false", "u1", "{}", "needs the row", "denied"),
        Line("data.done != true", "u1", #"{"done":false}"#, "needs the row", "allowed"),
        Line("data.done != true", "u1", "{}", "needs the row", "denied"),
        Line(#"data.done == "1""#, "u1", #"{"done":true}"#, "needs the row", "allowed"),
        Line(#"data.done != "1""#, "u1", #"{"done":true}"#, "needs the row", "denied"),
        Line(#"data.done == "true""#, "u1", #"{"done":true}"#, "needs the row", "denied"),
        Line("(data.ownerId) == true", "u1", #"{"ownerId":"u1"}"#, "needs the row", "allowed"),
        Line("data.ownerId == true", "u1", #"{"ownerId":"u1"}"#, "needs the row", "denied"),
    ]

    private static let numbersAndTexts = [
        Line(#"data.count == "5""#, "u1", #"{"count":5}"#, "needs the row", "allowed"),
        Line(#"data.count == "5.0""#, "u1", #"{"count":5}"#, "needs the row", "denied"),
        Line(#"data.count != "five""#, "u1", #"{"count":5}"#, "needs the row", "allowed"),
        Line(#"data.price == "5""#, "u1", #"{"price":5.0}"#, "needs the row", "allowed"),
        Line(#"data.price == "5.0""#, "u1", #"{"price":5}"#, "needs the row", "allowed"),
        Line("data.count == data.price", "u1", #"{"count":5,"price":5.0}"#, "needs the row", "allowed"),
        Line("data.count", "u1", #"{"count":0}"#, "needs the row", "allowed"),
        Line("data.count == true", "u1", #"{"count":1}"#, "needs the row", "denied"),
        Line("data.title", "u1", #"{"title":""}"#, "needs the row", "denied"),
        Line(#"data.title == """#, "u1", #"{"title":""}"#, "needs the row", "allowed"),
        Line(#"data.title == """#, "u1", "{}", "needs the row", "denied"),
        Line(#"data.title == "a""#, "u1", #"{"title":"A"}"#, "needs the row", "denied"),
        Line(#"data.meta.team == "red""#, "u1", #"{"meta":"{\"team\":\"red\"}"}"#, "needs the row", "allowed"),
        Line(#"data.meta.team == "red""#, "u1", #"{"meta":"red"}"#, "needs the row", "denied"),
        Line("data.meta.team == null", "u1", #"{"meta":"{\"team\":[1]}"}"#, "needs the row", "allowed"),
    ]

    private static let callers = [
        Line("auth.userId != null && !auth.isGuest", "guest g1", "{}", "denied", "denied"),
        Line("auth.userId != null && !auth.isGuest", "u1", "{}", "allowed", "allowed"),
        Line(#"auth.hasRole("editor")"#, "editor u1", "{}", "allowed", "allowed"),
        Line(#"auth.hasAnyRole("author", "editor")"#, "editor u1", "{}", "allowed", "allowed"),
        Line(#"auth.hasRole("editor")"#, "u1", "{}", "denied", "denied"),
        Line("auth.tenantId == data.orgId", "u1 of t1", #"{"orgId":"t1"}"#, "needs the row", "allowed"),
        Line("auth.tenantId == data.orgId", "u1", #"{"orgId":"t1"}"#, "denied", "denied"),
        Line("auth.tenantId == data.orgId", "u1", "{}", "denied", "denied"),
        Line("auth.userId != null && data.done", "nobody", #"{"done":true}"#, "denied", "denied"),
        Line("auth.userId != null || data.done", "u1", "{}", "allowed", "allowed"),
        Line("auth.userId != null || data.done", "nobody", #"{"done":true}"#, "needs the row", "allowed"),
        Line("false", "admin", "{}", "allowed", "allowed"),
    ]

    private static let names = [
        Line("data.ownr == null", "u1", "{}", "denied", "denied"),
        Line("!data.ownr", "u1", "{}", "denied", "denied"),
        Line("auth.email == null", "nobody", "{}", "denied", "denied"),
        Line("input.x == null", "u1", "{}", "denied", "denied"),
        Line("data.ownr == null || data.done", "u1", #"{"done":true}"#, "needs the row", "allowed"),
        Line("data.ownerId ==", "u1", #"{"ownerId":"u1"}"#, "denied", "denied"),
    ]
}
