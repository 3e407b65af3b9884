extension ManifestParser {
    /// The codes for one kind of name.
    struct NameCodes {
        let empty: DiagnosticCode
        let invalid: DiagnosticCode
        let reserved: DiagnosticCode

        static let entity = NameCodes(
            empty: .entityNameEmpty, invalid: .entityNameInvalid, reserved: .entityNameReserved)
        static let field = NameCodes(empty: .fieldNameEmpty, invalid: .fieldNameInvalid, reserved: .fieldNameReserved)
        static let index = NameCodes(empty: .indexNameEmpty, invalid: .indexNameInvalid, reserved: .indexNameReserved)
        static let relation = NameCodes(
            empty: .relationNameEmpty, invalid: .relationNameInvalid, reserved: .relationNameReserved)
    }

    /// Notes a name that the database cannot have or that belongs to the server.
    mutating func checkName(_ name: String, at path: ValuePath, _ codes: NameCodes, _ what: String) {
        if name.isEmpty {
            reader.error(codes.empty, at: path, "the \(what) has an empty name", hint: "give it a name")
        } else if !Name.isIdentifier(name) || name.utf8.count > Name.byteCountMaximum {
            reader.error(
                codes.invalid, at: path,
                "\(JSONText.quoted(name)) cannot name \(what == "entity" ? "an" : "a") \(what)",
                hint: "use letters A-Z and a-z, digits and _, no digit first, at most \(Name.byteCountMaximum) bytes")
        } else if Name.isReserved(name) {
            reader.error(
                codes.reserved, at: path, "\(JSONText.quoted(name)) is reserved",
                hint: "names may not begin with \(Name.reservedPrefixes.joined(separator: ", "))")
        }
    }

    /// The same for a field, which has more names to keep clear of.
    mutating func checkFieldName(_ name: String, at path: ValuePath) {
        if Name.reservedFields.contains(Name.folded(name)) {
            reader.error(
                .fieldNameReserved, at: path, "\(JSONText.quoted(name)) is a column of every table",
                hint: name == Entity.idColumn ? "leave it out: every entity has it" : "give the field another name")
        } else {
            checkName(name, at: path, NameCodes.field, "field")
        }
    }
}
