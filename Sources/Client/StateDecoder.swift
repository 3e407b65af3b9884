package import PylonTime

/// A state frame of a world of entities, as it came (docs/protocol/stream-v2.md).
package struct EntityFrame {
    package let tick: Tick
    /// How many ticks before it the state was sent that it is packed against; 0 for none.
    package let baseAge: UInt64
    /// What only the decoder understands. Valid during the call.
    package let body: UnsafeRawBufferPointer
}

/// Takes in the states of worlds whose state is not JSON.
///
/// One stream's frames come one after the other, on the client's loop: it must neither block nor compute for long. What it holds is its own
/// to guard against those who read it.
protocol StateDecoder: AnyObject, Sendable {
    /// Applies a frame, whatever its bytes are, and says what became of it.
    func apply(_ frame: EntityFrame) -> StateOutcome
}

/// What became of a frame.
enum StateOutcome: Hashable, Sendable {
    /// It is the present now; the server is told, so that later frames may build on it.
    case applied
    /// It is of no use, such as one that is older than the present.
    case skipped
    /// It is packed against a state that is not here: only a whole one helps, and the server is asked for it.
    case needsKeyframe
    /// The bytes are nothing that a server sends; the text is for people. A whole state is asked for.
    case failed(String)
}
