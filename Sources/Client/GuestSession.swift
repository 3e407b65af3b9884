internal import PylonBytes
internal import PylonEventLoop
internal import PylonJSON
internal import PylonNet
internal import PylonTime

/// A guest: an identity that a server gives to whoever asks.
public struct GuestSession: Hashable, Sendable {
    /// The bearer token of connections and requests.
    public let token: String
    public let userID: String

    /// Signs in as a new guest with the server at `url` (`POST /api/auth/guest`).
    public static func signIn(url: String, group: ClientGroup = .shared) async throws(ClientError) -> GuestSession {
        let endpoint = try Endpoint(url: url)
        let request = SingleRequest(
            RequestText.make(
                "POST", "/api/auth/guest", host: endpoint.hostField(port: endpoint.port), token: nil,
                fields: [("Connection", "close")], body: []))
        let result = await withCheckedContinuation { continuation in
            let isSubmitted = group.submit {
                request.perform(at: endpoint, in: group) { continuation.resume(returning: $0) }
            }
            if !isSubmitted { continuation.resume(returning: .failure(ClientError.closedHere)) }
        }
        let response = try result.get()
        guard (200..<300).contains(response.head.status) else { throw response.refusal.error }
        let json: JSONValue?
        do { json = try JSONParser.parse(response.body) } catch { json = nil }
        guard let token = json?["token"]?.string, let userID = json?["user_id"]?.string else {
            throw .invalidMessage("the answer holds no guest")
        }
        return GuestSession(token: token, userID: userID)
    }
}

/// One request on a connection of its own. On the client's loop, once started.
final class SingleRequest: @unchecked Sendable {
    // Safety: everything mutable belongs to the group's loop, on which `perform` is called.

    /// How long it may take, the connection included.
    static let timeMaximum: Duration = .seconds(10)

    private let bytes: [UInt8]
    private var connector: Connector?
    private var completion: ((Result<ResponseReader.Response, ClientError>) -> Void)?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Sends it to `endpoint` and calls `completion` once.
    func perform(
        at endpoint: Endpoint, in group: ClientGroup,
        _ completion: @escaping (Result<ResponseReader.Response, ClientError>) -> Void
    ) {
        self.completion = completion
        group.add(self)
        group.loop.schedule(after: Self.timeMaximum) { [weak self, weak group] in
            guard let self, let group else { return }
            finish(.failure(.timedOut), in: group)
        }
        endpoint.resolve(port: endpoint.port, in: group) { [self] destination in
            do throws(ClientError) {
                try connect(to: try destination.get(), in: group)
            } catch {
                finish(.failure(error), in: group)
            }
        }
    }

    private func connect(to destination: Connector.Destination, in group: ClientGroup) throws(ClientError) {
        guard completion != nil else { return }
        do throws(SystemError) {
            connector = try Connector.connect(
                to: destination, on: group.loop, counters: group.counters, deadline: .distantFuture,
                connected: { [self] connection in
                    connector = nil
                    let reader = ResponseReader(bodyBytesMaximum: ResponseReader.gatheredBytesMaximum)
                    reader.onResponse = { [self, unowned connection] response in
                        finish(.success(response), in: group)
                        connection.close()
                    }
                    reader.onFailure = { [self] error in finish(.failure(error), in: group) }
                    connection.setDeadline(group.loop.now + Self.timeMaximum)
                    connection.write { $0.append(bytes) }
                    return reader
                },
                failed: { [self] error in finish(.failure(.unreachable(error.description)), in: group) })
        } catch {
            throw .unreachable(error.description)
        }
    }

    /// Gives up.
    func close(in group: ClientGroup) {
        finish(.failure(.closedHere), in: group)
    }

    private func finish(_ result: Result<ResponseReader.Response, ClientError>, in group: ClientGroup) {
        guard let tell = completion else { return }
        completion = nil
        connector?.cancel()
        connector = nil
        group.remove(self)
        tell(result)
    }
}
