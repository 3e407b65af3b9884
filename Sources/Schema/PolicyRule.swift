/// One policy: expressions that decide who may touch an entity or run an action. Empty texts are nil.
package struct PolicyRule: Hashable, Sendable {
    package let name: String
    package let entity: String?
    package let action: String?
    /// What counts where no other expression does.
    package let allow: String?
    package let allowRead: String?
    package let allowInsert: String?
    package let allowUpdate: String?
    package let allowDelete: String?
    /// What counts for insert, update and delete without an expression of their own.
    package let allowWrite: String?

    package init(
        name: String, entity: String? = nil, action: String? = nil, allow: String? = nil, allowRead: String? = nil,
        allowInsert: String? = nil, allowUpdate: String? = nil, allowDelete: String? = nil, allowWrite: String? = nil
    ) {
        func text(_ text: String?) -> String? { text?.isEmpty == true ? nil : text }
        self.name = name
        self.entity = entity
        self.action = action
        self.allow = text(allow)
        self.allowRead = text(allowRead)
        self.allowInsert = text(allowInsert)
        self.allowUpdate = text(allowUpdate)
        self.allowDelete = text(allowDelete)
        self.allowWrite = text(allowWrite)
    }

    /// The expressions with their keys in the manifest, those that are set.
    package var expressions: [(key: String, text: String)] {
        let all = [
            ("allow", allow), ("allowRead", allowRead), ("allowInsert", allowInsert), ("allowUpdate", allowUpdate),
            ("allowDelete", allowDelete), ("allowWrite", allowWrite),
        ]
        return all.compactMap { key, text in text.map { (key, $0) } }
    }
}
