package import PylonBytes
package import PylonGateway
package import PylonHTTP
package import PylonJSON
internal import PylonShardHost
package import PylonSimulation

extension HTTPResponse {
    /// A JSON response.
    package static func json(_ status: HTTPStatus, _ text: consuming ByteBuffer) -> HTTPResponse {
        HTTPResponse(status, contentType: "application/json", body: .bytes(text.copyBytes()))
    }
}

extension JSONValue {
    /// The member `name`, which must be a string. Throws `APIError.missingField` or `.invalidField`.
    package func requiredString(_ name: String) throws(APIError) -> String {
        guard let text = try optionalString(name) else { throw .missingField(name) }
        return text
    }

    /// The member `name` as a string; nil when it is absent or null.
    package func optionalString(_ name: String) throws(APIError) -> String? {
        guard let value = self[name], !value.isNull else { return nil }
        guard let text = value.string else { throw .invalidField(name, problem: "must be a string") }
        return text
    }

    /// The member `name` as a sequence number, a whole number from 0; nil when it is absent or null.
    package func optionalSequence(_ name: String) throws(APIError) -> UInt64? {
        guard let value = self[name], !value.isNull else { return nil }
        guard let number = value.int, number >= 0 else {
            throw .invalidField(name, problem: "must be a whole number from 0")
        }
        return UInt64(number)
    }
}

extension InputMessage {
    /// Reads `{"input":...,"client_seq":7}`; a missing `input` is null. With `namesTick` it reads `"tick":120` as well, which streams v1 do not
    /// know. Throws `APIError.invalidField`.
    init(json: JSONValue, namesTick: Bool = false, bytesCount: Int) throws(APIError) {
        self.init(
            input: json["input"] ?? .null, clientSequence: try json.optionalSequence("client_seq"),
            tick: namesTick ? try json.optionalSequence("tick") : nil, bytesCount: bytesCount)
    }
}

extension SubscriberID {
    /// Takes a `sid` from the wire: 1 to 256 bytes without control characters.
    package init(wire name: String) throws(APIError) {
        guard name.isName(bytesMaximum: Self.bytesMaximum) else {
            throw .invalidField("sid", problem: "must have 1 to \(Self.bytesMaximum) bytes without control characters")
        }
        self.init(name)
    }
}

extension String {
    /// Whether it can name somebody or something on the wire: 1 to so many bytes without control characters.
    func isName(bytesMaximum: Int) -> Bool {
        !isEmpty && utf8.count <= bytesMaximum && unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
}

extension APIError {
    /// What the registry's refusal means to a client.
    init(_ error: RegistryError) {
        switch error {
        case .duplicate: self = .shardExists
        case .withheld: self = .shardWithheld
        case .invalidID: self = .shardIDInvalid
        case .unknownKind(let known): self = .shardKindUnknown(known: known)
        case .invalidConfiguration(let problem): self = .shardConfigInvalid(problem)
        case .shuttingDown: self = .draining
        case .tooMany(let maximum): self = .shardsTooMany(maximum: maximum)
        }
    }
}
