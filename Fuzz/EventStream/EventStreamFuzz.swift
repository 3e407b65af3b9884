internal import PylonBytes
internal import PylonEventStream

/// Streams read whole and byte by byte have to give the same events; any data written has to come back.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    checkParser(bytes)
    checkEncoder(String(decoding: bytes, as: UTF8.self))
    return 0
}

private func checkParser(_ bytes: [UInt8]) {
    var whole = EventStreamParser(bytesMaximum: 1000)
    var chopped = EventStreamParser(bytesMaximum: 1000)
    var events: [EventStreamParser.Event] = []
    var choppedEvents: [EventStreamParser.Event] = []
    let isRead = (try? whole.feed(bytes.span) { events.append($0) }) != nil
    let isChoppedRead = (try? bytes.forEach { try chopped.feed([$0].span) { choppedEvents.append($0) } }) != nil
    precondition(isRead == isChoppedRead && events == choppedEvents, "other events in pieces")
    precondition(whole.lastEventID == chopped.lastEventID && whole.retry == chopped.retry, "another state in pieces")
}

private func checkEncoder(_ data: String) {
    var buffer = ByteBuffer()
    EventStreamEncoder.writeComment(data, into: &buffer)
    EventStreamEncoder.writeEvent(
        id: 7, name: EventName(data), data: UnsafeRawBufferPointer(start: nil, count: 0), into: &buffer)
    EventStreamEncoder.writeEvent(id: EventID(data), data: data, into: &buffer)
    var parser = EventStreamParser()
    guard let events = try? parser.feed(buffer.copyBytes()) else { preconditionFailure("wrote too long a line") }
    precondition(events.count == 2, "another number of events")
    precondition(events[0].name == EventName(data)?.text ?? "message" && events[0].data.isEmpty, "another name")
    precondition(events[1].lastEventID == EventID(data)?.text ?? "7", "another id")
    precondition(Array(events[1].data.utf8) == lines(data), "other data")
}

/// `data` with each line end as one LF.
private func lines(_ data: String) -> [UInt8] {
    var result: [UInt8] = []
    var previous: UInt8 = 0
    for byte in data.utf8 {
        if byte != 0x0A || previous != 0x0D { result.append(byte == 0x0D ? 0x0A : byte) }
        previous = byte
    }
    return result
}
