package import PylonJSON

extension PolicyExplanation {
    /// The explanation for programs: what the text says, part by part.
    package var json: JSONValue {
        var object = JSONObject()
        object["subject"] = .string(subject)
        object["decision"] = .string(verdict)
        if case .denied(let rule?) = decision { object["rule"] = .string(rule) }
        object["reason"] = .string(reason)
        object["rules"] = .array(rules.map(\.json))
        object["skipped"] = .array(skippedPolicies.map { .string($0) })
        return .object(object)
    }
}

extension PolicyExplanation.Rule {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["name"] = .string(name)
        object["source"] = .string(source)
        object["value"] = .string(truth.text)
        if let error { object["error"] = .string(error.description) }
        object["decisive"] = .bool(isDecisive)
        object["steps"] = .array(
            steps.map {
                [
                    "depth": .integer(Int64($0.depth)), "text": .string($0.text), "value": .string($0.value),
                    "decisive": .bool($0.isDecisive),
                ]
            })
        return .object(object)
    }
}
