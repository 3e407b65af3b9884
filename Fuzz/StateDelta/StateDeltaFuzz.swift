import PylonBytes
import PylonStreamProtocol

/// Any operations make a state within its bounds or none, and those made for two states make the second of the first.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    guard let length = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    // Twice over, so that there is more than words of eight bytes to find.
    let base = Array(rest.prefix(Int(length))) + Array(rest.prefix(Int(length)))
    let target = Array(rest.dropFirst(Int(length)))
    checkApplying(target, to: base)
    checkMaking(target, of: base)
    return 0
}

private let countMaximum = 4096

private func checkApplying(_ operations: [UInt8], to base: [UInt8]) {
    let state = operations.withUnsafeBytes { StateDelta.apply($0, to: base, countMaximum: countMaximum) }
    if let state { precondition(state.count <= countMaximum, "more than it may") }
}

private func checkMaking(_ target: [UInt8], of base: [UInt8]) {
    var encoder = StateDeltaEncoder()
    for countMaximum in [Int.max, target.count / 2] {
        var output = ByteBuffer()
        let isMade = base.withUnsafeBytes { base in
            target.withUnsafeBytes {
                encoder.encode(from: base, to: $0, countMaximum: countMaximum, into: &output)
            }
        }
        let operations = output.copyBytes()
        guard isMade else {
            precondition(operations.isEmpty && countMaximum < .max, "nothing is left of what is too long")
            continue
        }
        precondition(operations.count <= countMaximum, "longer than it may be")
        let state = operations.withUnsafeBytes { StateDelta.apply($0, to: base, countMaximum: .max) }
        precondition(state == target, "another state")
    }
}
