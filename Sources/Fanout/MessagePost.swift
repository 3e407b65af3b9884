package import PylonBytes
package import PylonEventStream
package import PylonJSON
internal import PylonTelemetry
internal import PylonWebSocket

/// Messages of stream v2 for single connections, on their way from a shard's worker: acknowledgements, refusals. They travel through the
/// shard's lanes, in order with its frames and events, one batch for each loop, and are lossless: a client or loop that is too slow
/// for them loses its stream. Owned by the worker.
///
/// What one loop gets in a tick is one buffer, used again once it has been delivered.
package final class MessagePost {
    private let lanes: LaneSet
    private let counters: FanoutCounters
    private var outboxes: [Outbox] = []
    private var writer = JSONWriter()
    private var text = ByteBuffer()

    private struct Outbox {
        let lane: Lane
        /// What is being filled; nil while there is nothing to send.
        var batch: MessageBatch?
        /// The same of states.
        var states: MessageBatch?
        /// Those in use and those to be used again.
        var pool: [MessageBatch] = []
    }

    /// 4 batches for each loop: more are in use only while a loop is behind.
    private static let batchesMaximum = 4

    /// A post whose messages travel through `lanes`.
    package init(lanes: LaneSet, counters: FanoutCounters) {
        self.lanes = lanes
        self.counters = counters
    }

    /// Puts a message of `name` for `recipient` into the post; `write` writes one JSON object. `flush` sends it.
    package func send(_ name: EventName?, to recipient: MessageRecipient, _ write: (inout JSONWriter) -> Void) {
        writer.reset()
        write(&writer)
        let index = outboxIndex(of: recipient)
        let batch = outboxes[index].batch ?? unusedBatch(index)
        outboxes[index].batch = batch
        writer.withUnsafeBytes { Self.frame($0, name, for: recipient.transport, text: &text, into: &batch.bytes) }
        batch.endMessage(to: recipient)
    }

    /// Hands what was put in to the loops.
    package func flush() {
        for index in outboxes.indices {
            guard let batch = outboxes[index].batch else { continue }
            outboxes[index].batch = nil
            counters.messagesSent.add(batch.count)
            if !outboxes[index].lane.publish(batch) { counters.messageGaps.add() }
        }
    }

    /// Puts a state for `recipient` alone, a WebSocket, into the post: a binary message of `count` bytes, which `write` appends.
    /// `flushStates` sends it.
    package func sendState(to recipient: MessageRecipient, count: Int, _ write: (inout ByteBuffer) -> Void) {
        let index = outboxIndex(of: recipient)
        let batch = outboxes[index].states ?? unusedBatch(index)
        outboxes[index].states = batch
        FrameEncoder.writeHeader(.binary, payloadCount: count, into: &batch.bytes)
        write(&batch.bytes)
        batch.endMessage(to: recipient)
    }

    /// Hands the states that were put in to the loops: one push for each. A loop that is too slow gets the newer ones instead.
    package func flushStates() {
        for index in outboxes.indices {
            guard let batch = outboxes[index].states else { continue }
            outboxes[index].states = nil
            counters.framesBuilt.add(batch.count)
            let dropped = outboxes[index].lane.publish(states: batch)
            if dropped > 0 { counters.laneDrops.add(dropped) }
        }
    }

    /// Ends the stream of one connection, behind what was put in for it.
    package func end(_ ending: StreamEnding, of recipient: MessageRecipient) {
        flush()
        lanes.lane(to: recipient.loop).perform { recipient.endStream(ending) }
    }

    /// Appends a message as `transport` carries it: a text of a WebSocket, or an event of that name.
    package static func frame(
        _ json: UnsafeRawBufferPointer, _ name: EventName?, for transport: Transports, text: inout ByteBuffer,
        into output: inout ByteBuffer
    ) {
        guard !transport.isWebSocket else { return FrameEncoder.write(.text, json, into: &output) }
        text.removeAll()
        EventStreamEncoder.writeEvent(name: name, data: json, into: &text)
        text.withUnsafeBytes { EventStreamEncoder.writeChunk($0, into: &output) }
    }

    private func outboxIndex(of recipient: MessageRecipient) -> Int {
        // A closure here would allocate without optimisation.
        for index in outboxes.indices where outboxes[index].lane.loop === recipient.loop { return index }
        outboxes.append(Outbox(lane: lanes.lane(to: recipient.loop)))
        return outboxes.count - 1
    }

    private func unusedBatch(_ outbox: Int) -> MessageBatch {
        for index in outboxes[outbox].pool.indices where isKnownUniquelyReferenced(&outboxes[outbox].pool[index]) {
            let batch = outboxes[outbox].pool[index]
            batch.removeAll()
            return batch
        }
        let batch = MessageBatch()
        if outboxes[outbox].pool.count < Self.batchesMaximum { outboxes[outbox].pool.append(batch) }
        return batch
    }
}

/// What one loop gets at one time, each message for one connection.
final class MessageBatch: @unchecked Sendable {
    // Safety: the worker fills it while nobody else has it; from then on it is only read, until the worker again holds the only
    // reference.

    /// 4 MiB: a buffer that was larger for once is given back.
    private static let bytesKeptMaximum = 4 * 1024 * 1024

    /// Every message, one behind the other.
    var bytes = ByteBuffer()
    private var entries: ContiguousArray<Entry> = []

    private struct Entry {
        let recipient: MessageRecipient
        /// Where the message ends in the bytes.
        let end: Int
    }

    /// The number of messages.
    var count: Int { entries.count }

    /// The memory it holds, about.
    var bytesCount: Int { bytes.count + entries.count * MemoryLayout<Entry>.stride }

    var recipients: [MessageRecipient] { entries.map(\.recipient) }

    /// What was appended to the bytes since the last call is a message for `recipient`.
    func endMessage(to recipient: MessageRecipient) {
        entries.append(Entry(recipient: recipient, end: bytes.count))
    }

    func removeAll() {
        if bytes.count > Self.bytesKeptMaximum { bytes.releaseMemory() } else { bytes.removeAll() }
        entries.removeAll(keepingCapacity: true)
    }

    /// Gives each its state. On the loop.
    func deliverStates() {
        bytes.withUnsafeBytes { bytes in
            var start = 0
            for index in entries.indices {
                let end = entries[index].end
                entries[index].recipient.receive(state: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end
            }
        }
    }

    /// Gives each its message. On the loop.
    func deliver() {
        bytes.withUnsafeBytes { bytes in
            var start = 0
            for index in entries.indices {
                let end = entries[index].end
                entries[index].recipient.receive(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end
            }
        }
    }
}
