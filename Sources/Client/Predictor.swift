internal import Glibc
internal import PylonBytes
internal import PylonTime

/// How far apart two states of a figure are, and how to add such a difference, for a ``Predictor`` that hides its corrections.
public protocol Smoothable {
    /// What lies between two states, such as a vector.
    associatedtype Difference: Sendable
    /// What has to be added to `other` to get to here.
    func difference(from other: Self) -> Difference
    /// This state with `difference`, scaled by `factor`, added.
    func adding(_ difference: Difference, scaledBy factor: Double) -> Self
    /// The length of a difference, in whatever unit ``Predictor/snapDistance`` is.
    static func magnitude(of difference: Difference) -> Double
}

extension Double: Smoothable {
    public func difference(from other: Double) -> Double { self - other }
    public func adding(_ difference: Double, scaledBy factor: Double) -> Double { self + difference * factor }
    public static func magnitude(of difference: Double) -> Double { abs(difference) }
}

/// Client-side prediction with server reconciliation.
///
/// `apply` makes of a state the one after one input, with the same arithmetic as the simulation's. Every input is applied at once and kept
/// until the server has acknowledged it; each authoritative state is then the start from which the inputs that it does not contain yet are
/// applied again. What that differs from what was shown is worn away over ``smoothing``, or jumped over beyond ``snapDistance``.
public struct Predictor<State: Smoothable, Input> {
    /// Inputs kept for being applied again: ten seconds of 60 a second.
    static var pendingMaximum: Int { 600 }
    /// Smaller than this, an error is no longer worth showing.
    static var negligible: Double { 1e-3 }

    /// 95% of a correction have been worn away after this time.
    public var smoothing: Duration
    /// A larger correction is shown at once: somebody was moved, not mispredicted.
    public var snapDistance: Double
    /// The figure with every input applied; nil before the first authoritative state.
    public private(set) var state: State?
    /// How far the last authoritative state was from what had been predicted for it.
    public private(set) var correction = 0.0
    private let apply: (State, Input) -> State
    private var pending = Deque<(input: Input, sequence: UInt64)>()
    /// What of the last corrections is still shown, scaled by `errorRest`.
    private var error: State.Difference?
    private var errorRest = 1.0

    public init(
        smoothing: Duration = .milliseconds(100), snapDistance: Double = .infinity,
        apply: @escaping (State, Input) -> State
    ) {
        self.smoothing = smoothing
        self.snapDistance = snapDistance
        self.apply = apply
    }

    /// The inputs that the last authoritative state did not contain.
    public var pendingCount: Int { pending.count }

    /// Forgets the figure and its inputs.
    public mutating func reset() {
        self = Predictor(smoothing: smoothing, snapDistance: snapDistance, apply: apply)
    }

    /// Applies an input of one's own that was sent as `sequence`. Beyond the 600 that are kept the oldest is forgotten.
    @discardableResult
    public mutating func predict(_ input: Input, sequence: UInt64) -> State? {
        pending.append((input, sequence))
        if pending.count > Self.pendingMaximum { pending.removeFirst() }
        if let state { self.state = apply(state, input) }
        return state
    }

    /// Takes over an authoritative state that contains every input up to `acknowledged`. O(pending inputs).
    @discardableResult
    public mutating func reconcile(_ authoritative: State, acknowledged: UInt64) -> State {
        while let oldest = pending.first, oldest.sequence <= acknowledged { pending.removeFirst() }
        var state = authoritative
        for index in 0..<pending.count { state = apply(state, pending[index].input) }
        let shown = shown
        if let predicted = self.state { correction = State.magnitude(of: predicted.difference(from: state)) }
        self.state = state
        error = shown?.difference(from: state)
        errorRest = 1
        if let error, State.magnitude(of: error) > snapDistance { self.error = nil }
        return state
    }

    /// Forgets an input that the server refused. O(pending inputs).
    public mutating func refuse(_ sequence: UInt64) {
        var kept = Deque<(input: Input, sequence: UInt64)>()
        for index in 0..<pending.count where pending[index].sequence != sequence { kept.append(pending[index]) }
        pending = kept
    }

    /// Lets the shown state come closer to the predicted one.
    public mutating func advance(by elapsed: Duration) {
        guard let error else { return }
        errorRest *= Self.rest(after: elapsed, of: smoothing)
        if State.magnitude(of: error) * errorRest < Self.negligible { self.error = nil }
    }

    /// What to draw; nil before the first authoritative state.
    public var shown: State? {
        guard let error else { return state }
        return state?.adding(error, scaledBy: errorRest)
    }

    /// 20^(-elapsed/smoothing): 5% are left after `smoothing`.
    private static func rest(after elapsed: Duration, of smoothing: Duration) -> Double {
        guard smoothing > .zero else { return 0 }
        return exp2(-elapsed.inSeconds / smoothing.inSeconds * 4.321_928_094_887_363)  // log2(20)
    }
}
