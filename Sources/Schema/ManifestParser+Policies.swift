extension ManifestParser {
    mutating func policies(_ nodes: [Node]) -> [PolicyRule] {
        var taken: Set<String> = []
        return nodes.compactMap { node -> PolicyRule? in
            let name = reader.text("name", of: node)
            if let name { checkPolicyName(name, in: &taken, at: node.path.key("name")) }
            let rule = PolicyRule(
                name: name ?? "", entity: reader.optionalText("entity", of: node),
                action: reader.optionalText("action", of: node), allow: reader.optionalText("allow", of: node),
                allowRead: reader.optionalText("allowRead", of: node),
                allowInsert: reader.optionalText("allowInsert", of: node),
                allowUpdate: reader.optionalText("allowUpdate", of: node),
                allowDelete: reader.optionalText("allowDelete", of: node),
                allowWrite: reader.optionalText("allowWrite", of: node))
            checkTarget(of: rule, node)
            checkExpressions(of: rule, node)
            return rule
        }
    }

    private mutating func checkPolicyName(_ name: String, in taken: inout Set<String>, at path: ValuePath) {
        if name.isEmpty {
            reader.error(.policyNameEmpty, at: path, "the policy has an empty name", hint: "give it a name")
        } else if !taken.insert(name).inserted {
            reader.error(
                .policyDuplicate, at: path, "a second policy is named \(JSONText.quoted(name))",
                hint: "give it another name")
        }
    }

    private mutating func checkTarget(of rule: PolicyRule, _ node: Node) {
        if rule.entity == nil, rule.action == nil {
            reader.error(
                .policyNoTarget, at: node.path, "the policy is for nothing", hint: "add \"entity\" or \"action\"")
        }
        if let entity = rule.entity, !isDeclared(entity) {
            reader.error(
                .policyEntityNotFound, at: node.path.key("entity"), "no entity is named \(JSONText.quoted(entity))",
                hint: entityHint)
        }
        if let action = rule.action, !actionNames.contains(action) {
            reader.error(
                .policyActionNotFound, at: node.path.key("action"), "no action is named \(JSONText.quoted(action))",
                hint: actionNames.isEmpty
                    ? "declare the action" : "write one of \(JSONText.list(actionNames.sorted()))")
        }
    }

    private mutating func checkExpressions(of rule: PolicyRule, _ node: Node) {
        if rule.expressions.isEmpty {
            reader.error(
                .policyAllowEmpty, at: node.path, "the policy has no rule",
                hint: "add \"allow\" or one of \"allowRead\", \"allowInsert\", \"allowUpdate\", \"allowDelete\", "
                    + "\"allowWrite\"")
        }
        for (key, text) in rule.expressions {
            guard let problem = policyProblem(text) else { continue }
            reader.error(
                .policyExpressionInvalid, at: node.path.key(key), problem,
                hint: "for example \"auth.userId == data.ownerId\"")
        }
    }

    mutating func auth(_ node: Node) -> AuthSettings {
        let user = reader.optionalNode("user", of: node)
        let session = reader.optionalNode("session", of: node)
        let defaults = AuthSettings()
        let entity = user.flatMap { reader.optionalText("entity", of: $0) }
        if let entity, !isDeclared(entity) {
            reader.warning(
                .authUserEntityNotFound, at: node.path.key("user").key("entity"),
                "no entity is named \(JSONText.quoted(entity))", hint: entityHint)
        }
        return AuthSettings(
            userEntity: entity ?? defaults.userEntity,
            expose: user.flatMap { reader.texts("expose", of: $0) } ?? [],
            hide: user.flatMap { reader.texts("hide", of: $0) } ?? [],
            sessionLifetime: session.map {
                reader.optionalSeconds("expires_in", of: $0, default: defaults.sessionLifetime)
            } ?? defaults.sessionLifetime,
            cookieCache: session.flatMap { reader.optionalNode("cookie_cache", of: $0) }.map { cookieCache($0) }
                ?? defaults.cookieCache,
            trustedOrigins: reader.texts("trusted_origins", of: node) ?? [])
    }

    private mutating func cookieCache(_ node: Node) -> AuthSettings.CookieCache {
        let defaults = AuthSettings.CookieCache()
        return AuthSettings.CookieCache(
            isEnabled: reader.optionalFlag("enabled", of: node, default: defaults.isEnabled),
            ageMaximum: reader.optionalSeconds("max_age", of: node, default: defaults.ageMaximum),
            claims: reader.texts("claims", of: node) ?? defaults.claims)
    }
}
