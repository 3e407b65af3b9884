/// What a route does, for whoever calls it: the part of the route that its documentation is made of.
///
/// Only what is the route's own stands here. What its access class, its body limit and HTTP itself answer follows from those.
package struct RouteDescription: Hashable, Sendable {
    /// The operation's id; `*` is the name of the subject, so that `list*` is `listTodo`.
    package let name: String
    /// One sentence.
    package let summary: String
    package let topic: RouteTopic
    /// What there is one operation of each for; nil for a route that is one operation.
    package let subject: RouteSubject?
    /// What the pattern's parameters may be, by name; any text where nothing is said.
    package let path: [String: ValueSchema]
    /// Query parameters and header fields.
    package let inputs: [RouteInput]
    /// Nil where a body has no meaning.
    package let body: RouteContent?
    package let answers: [RouteAnswer]
    package let failures: [RouteFailure]
    /// The code of the app that may refuse as well, in its own words; nil where none runs.
    package let appCode: RouteAppCode?

    package init(
        _ name: String, _ summary: String, topic: RouteTopic, per subject: RouteSubject? = nil,
        path: [String: ValueSchema] = [:], inputs: [RouteInput] = [], body: RouteContent? = nil,
        answers: [RouteAnswer], failures: [RouteFailure] = [], runs appCode: RouteAppCode? = nil
    ) {
        self.name = name
        self.summary = summary
        self.topic = topic
        self.subject = subject
        self.path = path
        self.inputs = inputs
        self.body = body
        self.answers = answers
        self.failures = failures
        self.appCode = appCode
    }
}

/// The code of an app that a route runs on its way.
package enum RouteAppCode: Hashable, Sendable {
    /// What runs on every change of a row; it refuses with statuses from 400 to 499.
    case hooks
    /// What the action does; it refuses with statuses from 400 to 599.
    case action
}

/// What a route belongs to; the raw value is the operation's tag.
package enum RouteTopic: String, Hashable, Sendable, CaseIterable {
    case operations
    case auth
    case shards
    case entities
    case actions
    case sync
    case rooms
    case matchmaker
    case cache
}

/// What in a manifest a route has one operation of each for.
package enum RouteSubject: Hashable, Sendable {
    case entity
    /// An entity with search settings.
    case searchableEntity
    case action

    /// The parameter of the pattern that takes the subject's name.
    package var parameter: String {
        switch self {
        case .entity, .searchableEntity: "entity"
        case .action: "name"
        }
    }
}

/// A query parameter or a header field that a route reads.
package struct RouteInput: Hashable, Sendable {
    /// Where it stands in a request; the raw value is OpenAPI's word.
    package enum Place: String, Hashable, Sendable {
        case query
        case header
    }

    package let name: String
    package let place: Place
    package let schema: ValueSchema
    package let isRequired: Bool
    package let summary: String

    private init(_ name: String, _ place: Place, _ schema: ValueSchema, _ isRequired: Bool, _ summary: String) {
        self.name = name
        self.place = place
        self.schema = schema
        self.isRequired = isRequired
        self.summary = summary
    }

    /// A query parameter.
    package static func query(_ name: String, _ schema: ValueSchema, isRequired: Bool = false, _ summary: String)
        -> Self
    {
        Self(name, .query, schema, isRequired, summary)
    }

    /// A header field that may be there.
    package static func header(_ name: String, _ schema: ValueSchema, _ summary: String) -> Self {
        Self(name, .header, schema, false, summary)
    }
}
