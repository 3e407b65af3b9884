/// The stable codes of manifest problems (spec/data.md 1.4); the raw value is what tools see.
package enum DiagnosticCode: String, Hashable, Sendable, CaseIterable {
    case manifestReadFailed = "MANIFEST_READ_FAILED"
    /// The JSON does not have the shape of a manifest: a key is missing, a type wrong, a word unknown.
    case manifestParseError = "MANIFEST_PARSE_ERROR"
    case manifestVersionUnsupported = "MANIFEST_VERSION_UNSUPPORTED"
    case manifestLimitExceeded = "MANIFEST_LIMIT_EXCEEDED"
    case schemaEmpty = "SCHEMA_EMPTY"

    case entityNameEmpty = "ENTITY_NAME_EMPTY"
    case entityNameInvalid = "ENTITY_NAME_INVALID"
    case entityNameReserved = "ENTITY_NAME_RESERVED"
    case entityDuplicate = "ENTITY_DUPLICATE"
    case fieldNameEmpty = "FIELD_NAME_EMPTY"
    case fieldNameInvalid = "FIELD_NAME_INVALID"
    case fieldNameReserved = "FIELD_NAME_RESERVED"
    case fieldDuplicate = "FIELD_DUPLICATE"
    case fieldTypeUnknown = "FIELD_TYPE_UNKNOWN"
    case fieldIDTargetNotFound = "FIELD_ID_TARGET_NOT_FOUND"
    /// A merge behaviour that the field's type cannot have.
    case fieldCRDTInvalid = "FIELD_CRDT_INVALID"

    case indexNameEmpty = "INDEX_NAME_EMPTY"
    case indexNameInvalid = "INDEX_NAME_INVALID"
    case indexNameReserved = "INDEX_NAME_RESERVED"
    case indexNameDuplicate = "INDEX_NAME_DUPLICATE"
    /// Two things would have one name in the database.
    case databaseNameDuplicate = "DATABASE_NAME_DUPLICATE"
    case indexFieldsEmpty = "INDEX_FIELDS_EMPTY"
    case indexFieldNotFound = "INDEX_FIELD_NOT_FOUND"
    case indexFieldDuplicate = "INDEX_FIELD_DUPLICATE"

    case relationNameEmpty = "RELATION_NAME_EMPTY"
    case relationNameInvalid = "RELATION_NAME_INVALID"
    case relationNameReserved = "RELATION_NAME_RESERVED"
    case relationDuplicate = "RELATION_DUPLICATE"
    case relationTargetNotFound = "RELATION_TARGET_NOT_FOUND"
    case relationFieldNotFound = "RELATION_FIELD_NOT_FOUND"
    case relationFieldType = "RELATION_FIELD_TYPE"

    case searchFieldNotFound = "SEARCH_FIELD_NOT_FOUND"
    case searchFieldType = "SEARCH_FIELD_TYPE"
    case searchFieldDuplicate = "SEARCH_FIELD_DUPLICATE"
    case searchFieldReserved = "SEARCH_FIELD_RESERVED"

    case queryNameEmpty = "QUERY_NAME_EMPTY"
    case queryDuplicate = "QUERY_DUPLICATE"
    case actionNameEmpty = "ACTION_NAME_EMPTY"
    case actionDuplicate = "ACTION_DUPLICATE"
    case inputFieldNameEmpty = "INPUT_FIELD_NAME_EMPTY"
    case inputFieldDuplicate = "INPUT_FIELD_DUPLICATE"
    case inputFieldTypeUnknown = "INPUT_FIELD_TYPE_UNKNOWN"

    case policyNameEmpty = "POLICY_NAME_EMPTY"
    case policyDuplicate = "POLICY_DUPLICATE"
    case policyAllowEmpty = "POLICY_ALLOW_EMPTY"
    case policyNoTarget = "POLICY_NO_TARGET"
    case policyEntityNotFound = "POLICY_ENTITY_NOT_FOUND"
    case policyActionNotFound = "POLICY_ACTION_NOT_FOUND"
    case policyExpressionInvalid = "POLICY_EXPRESSION_INVALID"
    /// A warning: a rule goes by a name that never has a value, and so denies.
    case policyNameUnknown = "POLICY_NAME_UNKNOWN"
    /// A warning: the policy of an action has no `allow`, and so nobody may run it.
    case policyRuleMissing = "POLICY_RULE_MISSING"
    /// A warning: no policy speaks of some operations of an entity, and so anyone may do them.
    case entityOpen = "ENTITY_OPEN"
    /// A warning: no policy speaks of an action, and so anyone may run it.
    case actionOpen = "ACTION_OPEN"

    case routePathEmpty = "ROUTE_PATH_EMPTY"
    case routePathNoSlash = "ROUTE_PATH_NO_SLASH"
    case routePathDuplicate = "ROUTE_PATH_DUPLICATE"
    case routeQueryNotFound = "ROUTE_QUERY_NOT_FOUND"
    case routeParameterNotInQuery = "ROUTE_PARAM_NOT_IN_QUERY"
    case routeAuthInvalid = "ROUTE_AUTH_INVALID"
    /// A warning: the tools skip such a route.
    case routeModeUnknown = "ROUTE_MODE_UNKNOWN"
    /// A warning: the user entity that `auth` names is not declared.
    case authUserEntityNotFound = "AUTH_USER_ENTITY_NOT_FOUND"
}
