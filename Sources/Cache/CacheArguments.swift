internal import PylonJSON

/// The fields of a command.
struct CacheArguments {
    private let json: JSONValue

    init(_ json: JSONValue) {
        self.json = json
    }

    /// A field that must be there, a string.
    func text(_ name: String) throws(CacheError) -> String {
        guard let text = try optionalText(name) else { throw .missing(name) }
        return text
    }

    /// A string; nil when it is missing.
    func optionalText(_ name: String) throws(CacheError) -> String? {
        guard let value = json[name], !value.isNull else { return nil }
        guard let text = value.string else { throw .invalid(name, problem: "must be a string") }
        return text
    }

    /// A field that must be there and is stored: a string as it is, anything else as its JSON text.
    func value(_ name: String) throws(CacheError) -> String {
        guard let value = json[name], !value.isNull else { throw .missing(name) }
        return Self.stored(value)
    }

    /// A whole number, `standard` when it is missing.
    func integer(_ name: String, _ standard: Int) throws(CacheError) -> Int {
        guard let value = json[name], !value.isNull else { return standard }
        guard let number = value.int else { throw .invalid(name, problem: "must be a whole number") }
        return number
    }

    /// A whole number from 0, `standard` when it is missing.
    func rank(_ name: String, _ standard: Int) throws(CacheError) -> Int {
        let number = try integer(name, standard)
        guard number >= 0 else { throw .invalid(name, problem: "must be a whole number from 0") }
        return number
    }

    /// Any number, 0 when it is missing.
    func number(_ name: String) throws(CacheError) -> Double {
        guard let value = json[name], !value.isNull else { return 0 }
        guard let number = value.double else { throw .invalid(name, problem: "must be a number") }
        return number
    }

    /// A time to live in seconds; nil when it is missing.
    func ttl() throws(CacheError) -> Duration? {
        guard let value = json["ttl"], !value.isNull else { return nil }
        guard let seconds = value.int, seconds > 0 else {
            throw .invalid("ttl", problem: "must be a whole number of seconds from 1")
        }
        return .seconds(seconds)
    }

    /// The strings of an array.
    func texts(_ name: String) throws(CacheError) -> [String] {
        guard let values = json[name]?.array else { throw .missing(name) }
        var texts: [String] = []
        for value in values {
            guard let text = value.string else { throw .invalid(name, problem: "must be strings") }
            texts.append(text)
        }
        return texts
    }

    /// The members of an object, each as it is stored; nil when the field is no object.
    func pairs(_ name: String) throws(CacheError) -> [(key: String, text: String)]? {
        guard let object = json[name]?.object else { return nil }
        var pairs: [(String, String)] = []
        for member in object {
            guard !member.value.isNull else { throw .missing("\(name).\(member.key)") }
            pairs.append((member.key, Self.stored(member.value)))
        }
        return pairs
    }

    private static func stored(_ value: JSONValue) -> String { value.string ?? value.text }
}
