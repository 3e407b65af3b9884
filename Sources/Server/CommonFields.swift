internal import PylonHTTP

/// The fields of every response (spec/services.md 4.5).
enum CommonFields {
    static func fields(allowedOrigin: String?) -> HTTPFields {
        var fields = HTTPFields()
        fields["X-Content-Type-Options"] = "nosniff"
        fields["X-Frame-Options"] = "DENY"
        fields["X-XSS-Protection"] = "1; mode=block"
        fields["Referrer-Policy"] = "strict-origin-when-cross-origin"
        fields["Permissions-Policy"] =
            "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"
        guard let allowedOrigin else { return fields }
        fields["Access-Control-Allow-Origin"] = allowedOrigin
        fields["Access-Control-Allow-Methods"] = "GET, POST, PATCH, DELETE, OPTIONS"
        fields["Access-Control-Allow-Headers"] = "Content-Type, Authorization, Last-Event-ID"
        if allowedOrigin != "*" {
            fields["Access-Control-Allow-Credentials"] = "true"
            fields[.vary] = "Origin"
        }
        return fields
    }
}
