import PylonBenchKit
import Testing

@Suite struct ThresholdsTests {
    @Test func casesAreReadWithTheirLimits() throws {
        let thresholds = try Thresholds(
            json: """
                {"cases":[
                  {"mode":"ws","clients":1000,"hz":20,"bytes":512,"mallocs_per_delivery":0,"syscalls_per_delivery":1.02},
                  {"mode":"sse","clients":10,"hz":1000,"bytes":128,"events_per_tick":2,"syscalls_per_delivery":0.3}]}
                """)
        #expect(thresholds.cases.count == 2)
        let first = thresholds.cases[0]
        #expect(first.mode == "ws" && first.clients == 1000 && first.hz == 20 && first.bytes == 512)
        #expect(first.eventsPerTick == 0 && first.allocationsMaximum == 0 && first.systemCallsMaximum == 1.02)
        let second = thresholds.cases[1]
        #expect(second.eventsPerTick == 2 && second.allocationsMaximum == nil && second.systemCallsMaximum == 0.3)
    }

    @Test(arguments: [
        ("", "no JSON"), ("{}", "no \"cases\""), (#"{"cases":[]}"#, "no \"cases\""), (#"{"cases":[1]}"#, "no object"),
        (#"{"cases":[{"mode":"tcp","clients":1,"hz":1,"bytes":1,"mallocs_per_delivery":0}]}"#, "\"mode\""),
        (#"{"cases":[{"mode":"ws","clients":0,"hz":1,"bytes":1,"mallocs_per_delivery":0}]}"#, "\"clients\""),
        (#"{"cases":[{"mode":"ws","clients":1,"bytes":1,"mallocs_per_delivery":0}]}"#, "\"hz\""),
        (#"{"cases":[{"mode":"ws","clients":1,"hz":1,"bytes":1,"mallocs":0}]}"#, "unknown member \"mallocs\""),
        (#"{"cases":[{"mode":"ws","clients":1,"hz":1,"bytes":1}]}"#, "limits nothing"),
        (#"{"cases":[{"mode":"ws","clients":1,"hz":1,"bytes":1,"mallocs_per_delivery":-1}]}"#, "0 or more"),
    ])
    func whatCannotBeUsedIsNamed(json: String, problem: String) {
        let error = #expect(throws: Thresholds.Problem.self) { try Thresholds(json: json) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "none")")
    }
}
