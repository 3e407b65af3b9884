import PylonTime
import Testing

@testable import PylonWebSocket

@Suite struct MessageInflaterTests {
    private let inflater = MessageInflater()
    private let hello = Array("Hello".utf8)

    private func failure(_ payload: [UInt8], limit: Int = 1 << 20) -> WebSocketError? {
        do throws(WebSocketError) {
            _ = try inflater.inflate(payload, limit: limit)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ("§7.2.3.1 one block", [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]),
            ("§7.2.3.3 a stored block", [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00]),
            ("§7.2.3.4 a final block", [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]),
            ("§7.2.3.5 two blocks", [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00]),
        ] as [(String, [UInt8])]) func `the examples of RFC 7692`(_ section: String, _ payload: [UInt8]) throws
    {
        #expect(try inflater.inflate(payload) == hello)
    }

    @Test func `§7.2.3.2: a second message that refers to the first is refused`() throws {
        // With context takeover, "Hello" a second time: a reference to nothing when there is none.
        #expect(try inflater.inflate([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]) == hello)
        #expect(failure([0xF2, 0x00, 0x11, 0x00, 0x00]) == .invalidCompression)
    }

    @Test func `§7.2.3.6: an empty message`() throws {
        #expect(try inflater.inflate([0x00]) == [])
        // An empty block of fixed codes in front of the flush, and a flush that ends the stream.
        #expect(try inflater.inflate([0x02, 0x00]) == [])
        #expect(try inflater.inflate([0x01]) == [])
    }

    @Test func `blocks behind a final block are a stream of their own`() throws {
        let final: [UInt8] = [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        #expect(try inflater.inflate(final + final + [0x00]) == hello + hello)
        #expect(try inflater.inflate(final + [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]) == hello + hello)
    }

    @Test func `a message without the flush at its end is refused`() {
        // §7.2.1 asks for an empty block behind a final one; without it the four bytes that are put back say nothing.
        #expect(failure([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]) == .invalidCompression)
        #expect(failure([]) == .invalidCompression)
        // The tail was left where it was.
        #expect(failure([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00, 0x00, 0xFF, 0xFF]) == .invalidCompression)
    }

    @Test(
        arguments: [
            // A block type that does not exist, a stored block whose lengths differ, tables that cannot be, zlib's own header.
            [0x06], [0x07, 0x00], [0x00, 0x05, 0x00, 0xFA, 0xFE, 0x00],
            [0x04, 0x00, 0x00, 0x00, 0x00], [0xFC, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF], [0x78, 0x9C, 0x03, 0x00],
        ] as [[UInt8]]) func `what is no deflate stream is refused, and the inflater goes on`(_ payload: [UInt8]) throws
    {
        #expect(failure(payload) == .invalidCompression)
        #expect(try inflater.inflate([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]) == hello)
    }

    @Test(arguments: [64, 512, 5000]) func `a stream that was cut is refused, wherever that was`(count: Int) throws {
        for level in [1, 9] as [Int32] {
            let compressed = try #require(MessageDeflater(level: level).compress(sampleJSON(count)))
            for length in 0..<compressed.count {
                #expect(
                    failure(Array(compressed[..<length])) == .invalidCompression, "\(length) of \(compressed.count)")
            }
        }
    }

    @Test func `a stream with a changed byte never does harm`() throws {
        let compressed = try #require(MessageDeflater().compress(sampleJSON(512)))
        for index in compressed.indices {
            for bit in 0..<8 {
                var damaged = compressed
                damaged[index] ^= 1 << bit
                let error = failure(damaged, limit: 4096)
                #expect(error == nil || error == .invalidCompression || error == .messageTooBig)
            }
        }
    }

    @Test func `a stream that the four bytes complete by chance is refused`() {
        // They end the last block of a stream, and something is left; they end a block in the middle of their last byte.
        #expect(failure([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07]) == .invalidCompression)
        let middle: [UInt8] = [
            0x14, 0x8B, 0xB1, 0x01, 0x00, 0x21, 0x08, 0xC4, 0x4E, 0x40, 0xEE, 0x41, 0xC4, 0xFD, 0xB7, 0x7D, 0x4D,
        ]
        #expect(failure(middle) == .invalidCompression)
    }

    // MARK: Limits

    @Test(arguments: [1, 5, 4095, 4096, 4097, 65_536, 1 << 20]) func `the limit is exact`(count: Int) throws {
        let message = [UInt8](repeating: 0x61, count: count)
        let payload = count > 20 ? try #require(MessageDeflater().compress(message)) : Self.stored(message)
        #expect(try inflater.inflate(payload, limit: count) == message)
        #expect(failure(payload, limit: count - 1) == .messageTooBig)
    }

    @Test func `a bomb is stopped at the limit and leaves nothing behind`() throws {
        let bomb = try #require(MessageDeflater(level: 9).compress([UInt8](repeating: 0, count: 64 << 20)))
        #expect(bomb.count < 100 << 10)
        #expect(failure(bomb, limit: 1 << 20) == .messageTooBig)
        #expect(inflater.bufferedBytes == 0)
        // Even when it is no whole stream: the rest is not looked at.
        #expect(failure(Array(bomb.prefix(5000)), limit: 1 << 20) == .messageTooBig)
        #expect(failure(bomb, limit: 0) == .messageTooBig)
    }

    @Test func `a limit of nothing takes empty messages`() throws {
        #expect(try inflater.inflate([0x00], limit: 0) == [])
        #expect(failure(Self.stored([1]), limit: 0) == .messageTooBig)
    }

    @Test func `memory is kept for small messages and given back behind large ones`() throws {
        _ = try inflater.inflate(Self.stored(hello))
        let kept = inflater.bufferedBytes
        #expect(kept > 0 && kept <= MessageInflater.keptBytesMaximum)
        inflater.release()
        #expect(inflater.bufferedBytes == kept)
        let large = [UInt8](repeating: 0x61, count: 1 << 20)
        #expect(try inflater.inflate(try #require(MessageDeflater().compress(large))) == large)
        #expect(inflater.bufferedBytes >= 1 << 20)
        inflater.release()
        #expect(inflater.bufferedBytes == 0)
    }

    /// One stored block and the header of the flush.
    private static func stored(_ message: [UInt8]) -> [UInt8] {
        let count = UInt16(message.count)
        let lengths = [UInt8(count & 0xFF), UInt8(count >> 8), UInt8(~count & 0xFF), UInt8(~count >> 8)]
        return [0x00] + lengths + message + [0x00]
    }
}
