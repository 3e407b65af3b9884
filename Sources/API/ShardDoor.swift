internal import PylonAuth
internal import PylonGateway
internal import PylonHTTP
package import PylonNet
internal import PylonShardHost
internal import PylonSimulation

/// Lets those into private shards who have a code, and stops those who guess.
package struct ShardDoor: Sendable {
    private let attempts: AttemptLimit

    package init(attempts: AttemptLimit) {
        self.attempts = attempts
    }

    private static let codeMissing = ShardError.unauthorized(reason: "this shard needs a code")
    private static let codeWrong = ShardError.unauthorized(reason: "the code does not open this shard")
    private static let codeNotTried = ShardError.unauthorized(reason: "too many wrong codes came from this address")

    /// Why a request may not come in as `subscriber`; nil when it may. The code is the query's `code`.
    ///
    /// Throws `APIError.tooManyAttempts` for addresses that got it wrong too often, whose codes are not looked at; one that `hasToken` may still
    /// be let in for that, and is refused like any other.
    func refusal(
        _ request: Request, to shard: any ShardHandle, as subscriber: SubscriberID, hasToken: Bool
    ) throws(APIError) -> ShardError? {
        let access = shard.status.access
        guard access.isPrivate, !request.identity.isAdmin else { return nil }
        let code = request.head.query(plusAsSpace: true).first("code")
        if code != nil, !attempts.mayTry(request.cappedAddress) {
            guard hasToken else { throw .tooManyAttempts }
            return Self.codeNotTried
        }
        switch access.verdict(subscriber, request.caller, code: code) {
        case .admitted: return nil
        case .codeMissing: return Self.codeMissing
        case .codeWrong: return Self.codeWrong
        }
    }

    /// The same for `shard`, asked now, and for others to which the request may be sent on. Throws `APIError.tooManyAttempts`.
    func refusals(
        of request: Request, to shard: any ShardHandle, as subscriber: SubscriberID, hasToken: Bool
    ) throws(APIError) -> (any ShardHandle) -> ShardError? {
        let first = try refusal(request, to: shard, as: subscriber, hasToken: hasToken)
        return { [self] other in
            guard other !== shard else { return first }
            do throws(APIError) {
                return try refusal(request, to: other, as: subscriber, hasToken: true)
            } catch {
                return Self.codeNotTried
            }
        }
    }

    /// Notes that a request was refused: a wrong code may be a guess, unless a token let the caller in.
    func count(_ error: ShardError, of request: Request) {
        if error == Self.codeWrong { attempts.countFailure(of: request.cappedAddress) }
    }
}

extension SubscriberRole {
    /// What a request to connect asks for: `role=player`, the default, or `role=spectator`.
    init(_ request: Request) throws(APIError) {
        guard let name = request.query("role") else {
            self = .player
            return
        }
        guard let role = SubscriberRole(rawValue: name) else {
            throw .invalidField("role", problem: "must be \"player\" or \"spectator\"")
        }
        self = role
    }
}
