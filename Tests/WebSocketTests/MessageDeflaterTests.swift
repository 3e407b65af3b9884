import PylonBytes
import PylonTime
import Testing

@testable import PylonWebSocket

/// JSON such as a shard sends, of `count` bytes.
func sampleJSON(_ count: Int) -> [UInt8] {
    var generator = SeededGenerator(seed: 7)
    var text = "{\"ts\":1763700000000000,\"tick\":1234,\"players\":["
    var index = 0
    while text.utf8.count < count {
        let x = UInt32.random(in: 0..<100_000, using: &generator)
        let y = UInt32.random(in: 0..<100_000, using: &generator)
        text += "{\"id\":\"p\(index)\",\"x\":\(x / 100).\(x % 100),\"y\":\(y / 100).\(y % 100),\"hp\":\(x % 101)},"
        index += 1
    }
    return Array(text.utf8.prefix(count))
}

/// `count` bytes that nothing compresses.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

extension MessageDeflater {
    /// The compressed form of both parts as one message; nil when it is not worth it.
    func compress(_ first: [UInt8], _ second: [UInt8] = []) -> [UInt8]? {
        var output = ByteBuffer()
        let isSmaller = first.withUnsafeBytes { first in
            second.withUnsafeBytes { compress(first, $0, into: &output) }
        }
        return isSmaller ? output.copyBytes() : nil
    }
}

extension MessageInflater {
    /// A copy of what `payload` inflates to.
    func inflate(_ payload: [UInt8], limit: Int = 16 << 20) throws(WebSocketError) -> [UInt8] {
        try payload.span.withUnsafeBytes { (bytes) throws(WebSocketError) in [UInt8](try inflate(bytes, limit: limit)) }
    }
}

@Suite struct MessageDeflaterTests {
    private let deflater = MessageDeflater()
    private let inflater = MessageInflater()

    @Test(arguments: [20, 64, 128, 512, 4096, 65_536, 1 << 20]) func `JSON gets smaller and comes back`(count: Int)
        throws
    {
        let message = count == 20 ? [UInt8](repeating: 0x61, count: 20) : sampleJSON(count)
        let compressed = try #require(deflater.compress(message))
        #expect(compressed.count < message.count)
        #expect(try inflater.inflate(compressed) == message)
        if count >= 4096 { #expect(compressed.count * 2 < count) }
    }

    @Test func `two parts give one message, wherever it is divided`() throws {
        let message = sampleJSON(300)
        let whole = try #require(deflater.compress(message))
        for cut in 0...message.count {
            let compressed = try #require(deflater.compress(Array(message[..<cut]), Array(message[cut...])))
            #expect(try inflater.inflate(compressed) == message)
            #expect(compressed.count <= whole.count)
        }
    }

    @Test func `every message is compressed by itself`() throws {
        let message = sampleJSON(512)
        let first = try #require(deflater.compress(message))
        #expect(deflater.compress(message) == first)
        #expect(deflater.compress(noise(512)) == nil)
        #expect(deflater.compress(message) == first)
        #expect(MessageDeflater().compress(message) == first)
        // Also by an inflater that has never seen the first.
        #expect(try MessageInflater().inflate(first) == message)
    }

    @Test func `what does not get smaller is left as it is`() {
        for message in [[], [0x61], Array("ab".utf8), noise(8), noise(1000), noise(100_000)] {
            var output = ByteBuffer()
            output.append("before")
            #expect(message.withUnsafeBytes { !deflater.compress($0, into: &output) })
            #expect(output.copyBytes() == Array("before".utf8))
        }
    }

    @Test func `the result is appended to what the buffer holds`() throws {
        let message = sampleJSON(512)
        var output = ByteBuffer()
        output.append("head")
        #expect(message.withUnsafeBytes { deflater.compress($0, into: &output) })
        #expect(output.copyBytes() == Array("head".utf8) + (try #require(deflater.compress(message))))
    }

    @Test func `a target that is too small is refused, one byte more than needed and the slack are enough`() throws {
        let message = sampleJSON(512)
        let compressed = try #require(deflater.compress(message))
        for room in 0...(message.count + MessageDeflater.slackBytes) {
            let target = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
            defer { target.deallocate() }
            let count = message.withUnsafeBytes { deflater.compress($0, to: target) }
            if room > compressed.count + MessageDeflater.slackBytes {
                #expect(count == compressed.count)
                #expect(target.prefix(compressed.count).elementsEqual(compressed))
            } else {
                #expect(count == nil)
            }
        }
    }

    @Test func `nothing refers further back than the window that is promised`() throws {
        // 4 KiB of noise, twice: a larger window would find the second half in the first.
        let part = noise(4096)
        #expect(deflater.compress(part + part) == nil)
        let near = noise(1024)
        #expect(try #require(deflater.compress(near + near)).count < 1200)
    }

    @Test(arguments: [1, 6, 9] as [Int32]) func `any level gives the same message`(level: Int32) throws {
        let message = sampleJSON(4096)
        let compressed = try #require(MessageDeflater(level: level).compress(message))
        #expect(try inflater.inflate(compressed) == message)
    }

    @Test func `random messages come back`() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for round in 0..<400 {
            let count = Int.random(in: 0...(1 << Int.random(in: 0...16, using: &generator)), using: &generator)
            let alphabet = UInt8.random(in: 1...255, using: &generator)
            let message = (0..<count).map { _ in UInt8.random(in: 0...alphabet, using: &generator) }
            let cut = Int.random(in: 0...count, using: &generator)
            guard let compressed = deflater.compress(Array(message[..<cut]), Array(message[cut...])) else { continue }
            #expect(compressed.count < count, "seed \(seed), round \(round)")
            #expect(try inflater.inflate(compressed) == message, "seed \(seed), round \(round)")
        }
    }
}
