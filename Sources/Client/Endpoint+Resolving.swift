internal import PylonEventLoop
internal import PylonNet

extension Endpoint {
    /// Calls `completion` with where to connect for `port`: on the loop's thread, at once unless a name has to be looked up. Not at all when
    /// the group is closed meanwhile.
    func resolve(
        port: UInt16, in group: ClientGroup,
        _ completion: @escaping (Result<Connector.Destination, ClientError>) -> Void
    ) {
        switch host {
        case .address(let address): completion(.success(.tcp(address, port: port)))
        case .local(let path): completion(.success(.local(path: path)))
        case .name(let name):
            // Safety: it is called on the loop's thread only, where it came from.
            nonisolated(unsafe) let completion = completion
            group.resolver.resolve(name) { addresses in
                group.submit {
                    // Any of them, so that a server that is down does not hide the others for ever.
                    guard let address = addresses.randomElement() else {
                        return completion(.failure(.unresolved(host: name)))
                    }
                    completion(.success(.tcp(address, port: port)))
                }
            }
        }
    }
}
