internal import Glibc

/// A Swift file, with a second copy in which comments and the insides of strings are blanked out.
struct SourceText {
    let path: String
    let bytes: [UInt8]
    /// As long as `bytes`, line breaks in the same places; what is not code is a space.
    let code: [UInt8]
    /// The offset of each line's first byte; line 1 is at index 0.
    let lineStarts: [Int]
    /// Every type, protocol, extension and function with a body, in order of their closing braces.
    private(set) var declarations: [Declaration] = []

    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
        var eraser = Eraser(bytes)
        code = eraser.erase()
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
        if starts.last == bytes.count { starts.removeLast() }
        lineStarts = starts
        declarations = findDeclarations()
    }

    init(path: String = "Sources/Sample/Sample.swift", _ text: String) {
        self.init(path: path, bytes: Array(text.utf8))
    }

    var lineCount: Int { lineStarts.count }

    /// The file's name without folder and extension.
    var name: Substring { path.split(separator: "/").last?.split(separator: ".").first ?? "" }

    /// The number of the line that holds `offset`.
    func line(at offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low + 1
    }

    /// The bytes of a line, its indentation and line break cut off; empty outside the file.
    func trimmedLine(_ number: Int, of content: [UInt8]) -> ArraySlice<UInt8> {
        guard number >= 1, number <= lineStarts.count else { return [] }
        let end = number < lineStarts.count ? lineStarts[number] : content.count
        var slice = content[lineStarts[number - 1]..<end]
        while slice.first == UInt8(ascii: " ") { slice.removeFirst() }
        while let last = slice.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\n") { slice.removeLast() }
        return slice
    }

    /// A line as written, without its indentation.
    func line(_ number: Int) -> String { String(decoding: trimmedLine(number, of: bytes), as: UTF8.self) }

    /// A line without comments and the insides of strings.
    func codeLine(_ number: Int) -> String { String(decoding: trimmedLine(number, of: code), as: UTF8.self) }

    /// The offsets at which `needle` stands in `content`, which is `bytes` or `code`.
    static func offsets(of needle: String, in content: [UInt8]) -> [Int] {
        let needle = Array(needle.utf8)
        return content.withUnsafeBytes { content in
            guard let base = content.baseAddress, let first = needle.first else { return [] }
            var found: [Int] = []
            var offset = 0
            while offset + needle.count <= content.count,
                let hit = memchr(base + offset, Int32(first), content.count - offset - needle.count + 1)
            {
                let start = UnsafeRawPointer(hit) - base
                if memcmp(base + start, needle, needle.count) == 0 { found.append(start) }
                offset = start + 1
            }
            return found
        }
    }
}

/// Blanks out comments and the insides of strings, following Swift's nesting of both.
private struct Eraser {
    private let bytes: [UInt8]
    private var output: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        output = bytes
    }

    mutating func erase() -> [UInt8] {
        eraseCode(untilClosingParenthesis: false)
        return output
    }

    /// Walks over code; as an interpolation's inside it ends behind the parenthesis that closes it.
    private mutating func eraseCode(untilClosingParenthesis nested: Bool) {
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"): eraseLineComment()
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): eraseBlockComment()
            case UInt8(ascii: "\""): eraseString(hashes: 0)
            case UInt8(ascii: "#"): eraseHashes()
            case UInt8(ascii: "("):
                depth += 1
                index += 1
            case UInt8(ascii: ")"):
                depth -= 1
                index += 1
                if nested, depth < 0 { return }
            default: index += 1
            }
        }
    }

    private func peek(_ distance: Int) -> UInt8 {
        index + distance < bytes.count ? bytes[index + distance] : 0
    }

    private mutating func blank() {
        if bytes[index] != UInt8(ascii: "\n") { output[index] = UInt8(ascii: " ") }
        index += 1
    }

    private mutating func eraseLineComment() {
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { blank() }
    }

    private mutating func eraseBlockComment() {
        var depth = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                depth += 1
                blank()
            } else if bytes[index] == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                depth -= 1
                blank()
            }
            blank()
            if depth == 0 { return }
        }
    }

    /// A raw string, or a macro or directive that only starts like one.
    private mutating func eraseHashes() {
        var hashes = 0
        while peek(hashes) == UInt8(ascii: "#") { hashes += 1 }
        let opensString = peek(hashes) == UInt8(ascii: "\"")
        index += hashes
        if opensString { eraseString(hashes: hashes) }
    }

    private mutating func eraseString(hashes: Int) {
        let quotes = peek(1) == UInt8(ascii: "\"") && peek(2) == UInt8(ascii: "\"") ? 3 : 1
        index += quotes
        while index < bytes.count {
            if closes(quotes: quotes, hashes: hashes) {
                index += quotes + hashes
                return
            }
            if quotes == 1, bytes[index] == UInt8(ascii: "\n") { return }
            guard bytes[index] == UInt8(ascii: "\\"), count(of: UInt8(ascii: "#"), from: 1) >= hashes else {
                blank()
                continue
            }
            for _ in 0...hashes { blank() }
            if index < bytes.count, bytes[index] == UInt8(ascii: "(") {
                blank()
                eraseInterpolation()
            } else if index < bytes.count {
                blank()
            }
        }
    }

    /// An interpolation counts as part of its string: it is walked for its nesting, then blanked.
    private mutating func eraseInterpolation() {
        let start = index
        eraseCode(untilClosingParenthesis: true)
        for offset in start..<index where bytes[offset] != UInt8(ascii: "\n") { output[offset] = UInt8(ascii: " ") }
    }

    private func count(of byte: UInt8, from distance: Int) -> Int {
        var count = 0
        while peek(distance + count) == byte { count += 1 }
        return count
    }

    private func closes(quotes: Int, hashes: Int) -> Bool {
        count(of: UInt8(ascii: "\""), from: 0) >= quotes && count(of: UInt8(ascii: "#"), from: quotes) >= hashes
    }
}
