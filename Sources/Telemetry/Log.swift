package import PylonTime
internal import Glibc
internal import PylonBytes
package import PylonThreading

/// How much a log line matters. Lines below the configured level are not built.
package enum LogLevel: Int, Comparable, Sendable, CaseIterable {
    case debug, info, warning, error

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    /// Reads a level by name (`warn` as well as `warning`), nil when there is none such.
    package init?(name: String) {
        switch name.lowercased() {
        case "trace", "debug": self = .debug
        case "info": self = .info
        case "warn", "warning": self = .warning
        case "error": self = .error
        default: return nil
        }
    }

    var label: StaticString {
        switch self {
        case .debug: "DEBUG"
        case .info: "INFO"
        case .warning: "WARN"
        case .error: "ERROR"
        }
    }
}

/// The process log: lines to standard error, written by a thread of their own so that a slow terminal or disk delays nobody.
///
/// The queue holds 4,096 lines; beyond it new lines are dropped and counted (`pylon_log_lines_dropped_total`).
package final class Log: Sendable {
    package static let linesQueuedMaximum = 4096

    /// The two forms a line can take.
    package enum Format: Sendable {
        case text, json
    }

    package let level: LogLevel
    package let linesDropped = Counter()
    private let format: Format
    private let clock: any Clock
    private let descriptor: Int32
    private let queue = BlockingQueue<String>(capacity: Log.linesQueuedMaximum)

    /// Starts a log that writes to `descriptor`. `start` runs its thread.
    package init(level: LogLevel, format: Format, clock: any Clock, descriptor: Int32 = 2) {
        self.level = level
        self.format = format
        self.clock = clock
        self.descriptor = descriptor
    }

    /// Starts the writing thread; it ends after `close`.
    package func start() -> Thread {
        Thread.spawn(name: "log") { self.writeLines() }
    }

    /// Lets the writing thread finish what is queued and end.
    package func close() {
        queue.close()
    }

    /// Queues a line for whoever is looking for a fault.
    package func debug(_ message: @autoclosure () -> String) { write(.debug, message()) }
    /// Queues a line about the ordinary course of things.
    package func info(_ message: @autoclosure () -> String) { write(.info, message()) }
    /// Queues a line about something the process coped with.
    package func warning(_ message: @autoclosure () -> String) { write(.warning, message()) }
    /// Queues a line about something that failed.
    package func error(_ message: @autoclosure () -> String) { write(.error, message()) }

    /// Queues one line. Line feeds and other control characters in `message` are made visible, so that nobody can forge a line.
    package func write(_ level: LogLevel, _ message: @autoclosure () -> String) {
        guard level >= self.level else { return }
        let line = Self.line(message(), level: level, microseconds: clock.microsecondsSinceEpoch(), format: format)
        if !queue.push(line) { linesDropped.add() }
    }

    static func line(_ message: String, level: LogLevel, microseconds: UInt64, format: Format) -> String {
        let time = CalendarTime(secondsSinceEpoch: Int(microseconds / 1_000_000)).text
        let text = visible(message)
        switch format {
        case .text: return "[\(time)] \(level.label) \(text)\n"
        case .json:
            let quoted = text.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
                .split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
            return "{\"time\":\"\(time)\",\"level\":\"\(level.label)\",\"message\":\"\(quoted)\"}\n"
        }
    }

    private static func visible(_ message: String) -> String {
        guard message.unicodeScalars.contains(where: isInvisible) else { return message }
        var text = ""
        for scalar in message.unicodeScalars {
            if isInvisible(scalar) {
                text += "<\(String(scalar.value, radix: 16))>"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// The control characters of ASCII and Latin-1, some of which terminals obey, and Unicode's own line ends.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
        default: false
        }
    }

    private func writeLines() {
        while let lines = queue.popAll() {
            var text = lines.joined()
            text.withUTF8 { bytes in
                var rest = UnsafeRawBufferPointer(bytes)
                while !rest.isEmpty {
                    let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
                    // Nobody is left to tell when standard error itself is gone.
                    guard written > 0 else { return }
                    rest = UnsafeRawBufferPointer(rebasing: rest[written...])
                }
            }
        }
    }
}
