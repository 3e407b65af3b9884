import Glibc
import PylonThreading
import PylonTime
import Testing

@testable import PylonTelemetry

@Suite struct LogTests {
    private let noon: UInt64 = 1_700_000_000_000_000

    @Test func aTextLineHasTimeLevelAndMessage() {
        let line = Log.line("ready", level: .warning, microseconds: noon, format: .text)
        #expect(line == "[2023-11-14T22:13:20Z] WARN ready\n")
    }

    @Test func aJSONLineQuotesItsMessage() {
        let line = Log.line("say \"hi\" \\ é", level: .error, microseconds: noon, format: .json)
        #expect(line == #"{"time":"2023-11-14T22:13:20Z","level":"ERROR","message":"say \"hi\" \\ é"}"# + "\n")
    }

    @Test(arguments: [
        ("a\nb", "a<a>b"), ("a\r\nb", "a<d><a>b"), ("\u{1B}[31m", "<1b>[31m"), ("\u{7F}\u{0}", "<7f><0>"),
        ("\u{9B}31m", "<9b>31m"), ("\u{85}", "<85>"), ("\u{2028}x\u{2029}", "<2028>x<2029>"),
        ("plain é 🐎", "plain é 🐎"),
    ])
    func controlCharactersBecomeVisible(message: String, shown: String) {
        for format in [Log.Format.text, .json] {
            let line = Log.line(message, level: .info, microseconds: noon, format: format)
            #expect(line.utf8.filter { $0 == 10 }.count == 1)
            #expect(line.contains(shown))
        }
    }

    @Test func levelsAreReadByNameInAnyCase() {
        #expect(LogLevel(name: "WARN") == LogLevel.warning)
        #expect(LogLevel(name: "warning") == LogLevel.warning)
        #expect(LogLevel(name: "trace") == .debug)
        #expect(LogLevel(name: "loud") == nil)
        #expect(LogLevel.allCases == LogLevel.allCases.sorted())
    }

    @Test func linesBelowTheLevelAreNotEvenBuilt() {
        let log = Log(level: .warning, format: .text, clock: ManualClock())
        func build() -> String {
            Issue.record("built a line that nobody wants")
            return ""
        }
        log.debug(build())
        log.info(build())
    }

    @Test func linesBeyondTheQueueAreDroppedAndCounted() {
        let log = Log(level: .info, format: .text, clock: ManualClock())
        for _ in 0..<Log.linesQueuedMaximum { log.info("kept") }
        #expect(log.linesDropped.value == 0)
        for _ in 0..<5 { log.info("dropped") }
        #expect(log.linesDropped.value == 5)
    }

    @Test func theThreadWritesEveryQueuedLineBeforeItEnds() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        let log = Log(level: .debug, format: .text, clock: ManualClock(epochMicroseconds: noon), descriptor: ends[1])
        let thread = log.start()
        log.debug("one")
        log.info("two")
        log.warning("three")
        log.error("four")
        log.close()
        thread.join()
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(ends[0], &buffer, buffer.count)
        let lines = String(decoding: buffer[..<max(count, 0)], as: UTF8.self).split(separator: "\n")
        #expect(lines.map { $0.split(separator: "] ")[1] } == ["DEBUG one", "INFO two", "WARN three", "ERROR four"])
    }
}
