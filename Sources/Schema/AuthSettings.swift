/// The sign-in settings of a manifest.
package struct AuthSettings: Hashable, Sendable {
    /// The entity whose rows are users.
    package let userEntity: String
    /// The only user fields that the session route shows; empty for all but ``hide``.
    package let expose: [String]
    /// User fields that the session route leaves out.
    package let hide: [String]
    /// How long a session lasts, in whole seconds.
    package let sessionLifetime: Duration
    package let cookieCache: CookieCache
    /// Origins allowed besides those of the environment.
    package let trustedOrigins: [String]

    /// Whether the session cookie carries claims, so that not every request asks the session store.
    package struct CookieCache: Hashable, Sendable {
        package let isEnabled: Bool
        /// How long the claims count, in whole seconds.
        package let ageMaximum: Duration
        package let claims: [String]

        package init(
            isEnabled: Bool = false, ageMaximum: Duration = .seconds(300), claims: [String] = ["is_admin", "tenant_id"]
        ) {
            self.isEnabled = isEnabled
            self.ageMaximum = ageMaximum
            self.claims = claims
        }
    }

    package init(
        userEntity: String = "User", expose: [String] = [], hide: [String] = [],
        sessionLifetime: Duration = .seconds(2_592_000), cookieCache: CookieCache = CookieCache(),
        trustedOrigins: [String] = []
    ) {
        self.userEntity = userEntity
        self.expose = expose
        self.hide = hide
        self.sessionLifetime = sessionLifetime
        self.cookieCache = cookieCache
        self.trustedOrigins = trustedOrigins
    }
}
