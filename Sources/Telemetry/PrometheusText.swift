package import PylonBytes

/// The Prometheus text exposition format 0.0.4.
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Writes every metric of `registry` with its HELP and TYPE lines.
    package static func write(_ registry: MetricsRegistry, into buffer: inout ByteBuffer) {
        for metric in registry.all {
            buffer.append("# HELP \(metric.name) \(metric.help)\n")
            switch metric.reading {
            case .counter(let read):
                buffer.append("# TYPE \(metric.name) counter\n\(metric.name) \(read())\n")
            case .gauge(let read):
                buffer.append("# TYPE \(metric.name) gauge\n\(metric.name) \(number(read()))\n")
            case .labelled(let label, let read):
                buffer.append("# TYPE \(metric.name) gauge\n")
                for sample in read() {
                    buffer.append("\(metric.name){\(label)=\"\(escaped(sample.label))\"} \(number(sample.value))\n")
                }
            case .histogram(let histogram):
                write(histogram, named: metric.name, into: &buffer)
            }
        }
    }

    private static func write(_ histogram: DurationHistogram, named name: String, into buffer: inout ByteBuffer) {
        buffer.append("# TYPE \(name) histogram\n")
        let counts = histogram.cumulativeCounts
        for (bound, count) in zip(histogram.boundsMicroseconds, counts) {
            buffer.append("\(name)_bucket{le=\"\(Double(bound) / 1_000_000)\"} \(count)\n")
        }
        let total = counts.last ?? 0
        buffer.append(
            "\(name)_bucket{le=\"+Inf\"} \(total)\n\(name)_sum \(histogram.sumSeconds)\n\(name)_count \(total)\n")
    }

    /// Whole numbers without a fraction, as counters are written.
    package static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    /// Backslash, quote and line feed are escaped in label values.
    private static func escaped(_ label: String) -> String {
        var text = ""
        for character in label.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}
