/// Words and calls that may not stand in the code, and comments that have to.
enum Wording {
    /// Calls that crash on an expected failure, or that wait by the clock instead of for an event.
    static func forbiddenCalls(in text: SourceText) -> [Violation] {
        var found = SourceText.offsets(of: "try!", in: text.code).map {
            Violation(path: text.path, line: text.line(at: $0), message: "try! crashes on an expected failure")
        }
        found += SourceText.offsets(of: "catch {}", in: text.code)
            .filter { !text.line(text.line(at: $0)).contains("//") }
            .map { Violation(path: text.path, line: text.line(at: $0), message: "catch {} hides why it cannot matter") }
        for call in ["sleep", "usleep", "nanosleep"] {
            found += SourceText.offsets(of: call + "(", in: text.code)
                .filter { $0 == 0 || !SourceText.isWord(text.code[$0 - 1]) }
                .map { Violation(path: text.path, line: text.line(at: $0), message: "\(call) waits by the clock") }
        }
        return found
    }

    /// Notes of unfinished work: they belong to the issues. Written in halves so that this file passes.
    static func unfinishedMarks(in text: SourceText) -> [Violation] {
        ["TO" + "DO", "FIX" + "ME"].flatMap { mark in
            SourceText.offsets(of: mark, in: text.bytes).map {
                Violation(path: text.path, line: text.line(at: $0), message: "\(mark) marks unfinished work")
            }
        }
    }

    /// Routes that say nothing of themselves, other than pages of a game and what test suites talk to.
    static func undescribedRoutes(in text: SourceText) -> [Violation] {
        if text.path.hasSuffix("/PageRoutes.swift") || text.path.hasSuffix("/EchoSocket.swift") { return [] }
        return SourceText.offsets(of: ", nil, access:", in: text.code).map {
            Violation(path: text.path, line: text.line(at: $0), message: "a route of the API needs a description")
        }
    }

    /// Escapes from the checking of concurrency without a comment that says what makes them safe, within three lines.
    static func unexplainedEscapes(in text: SourceText) -> [Violation] {
        ["@unchecked Sendable", "nonisolated(unsafe)"].flatMap { escape in
            SourceText.offsets(of: escape, in: text.code).map(text.line(at:))
                .filter { line in
                    !(line - 3...line + 3).contains { text.line($0).contains("// Safety:") }
                }
                .map { Violation(path: text.path, line: $0, message: "\(escape) has no // Safety: comment") }
        }
    }
}
