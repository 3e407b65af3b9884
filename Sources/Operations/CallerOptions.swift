internal import PylonPolicy

/// Who asks, as the command line says it.
enum CallerOptions {
    private static let user = CommandOption("--user", .text, effect: "a user's id")
    private static let guest = CommandOption("--guest", .boolean, effect: "a guest; --user gives the id")
    private static let anonymous = CommandOption("--anonymous", .boolean, effect: "nobody, which is the default")
    private static let admin = CommandOption("--admin", .boolean, effect: "an administrator")
    private static let tenant = CommandOption("--tenant", .text, effect: "the tenant the caller acts for")
    private static let roles = CommandOption("--roles", .text, effect: "the caller's roles, with commas")

    static let all = [user, guest, anonymous, admin, tenant, roles]

    /// The caller. Throws when it would have to be two.
    static func identity(_ arguments: CommandArguments) throws(CommandFailure) -> PolicyIdentity {
        let named = [user, anonymous, admin].filter { arguments.isGiven($0) }.map(\.name)
        guard named.count <= 1 else { throw PolicyExplain.usage("\(named.joined(separator: " and ")) are two callers") }
        let isGuest = arguments.isOn(guest)
        if isGuest, let other = named.first, other != user.name {
            throw PolicyExplain.usage("\(guest.name) and \(other) are two callers")
        }
        if arguments.isOn(admin) { return .admin }
        let roles = arguments.text(roles).split(separator: ",").map(String.init)
        return PolicyIdentity(
            userID: arguments.given(user) ?? (isGuest ? "guest" : nil), isGuest: isGuest,
            tenantID: arguments.given(tenant), roles: roles)
    }
}
