/// Field lines encoded once and copied into every response: the security headers, CORS.
package struct HTTPFieldBlock: Sendable {
    let bytes: [UInt8]

    /// A block of no lines.
    package init() {
        bytes = []
    }

    /// The lines of `fields`, in order. Those that only the writer may set are left out.
    package init(_ fields: HTTPFields) {
        var bytes: [UInt8] = []
        for (name, value) in fields.lines where !name.belongsToWriter {
            bytes += Array(name.text.utf8) + [UInt8(ascii: ":"), HTTPSyntax.space] + Array(value.utf8)
            bytes += [HTTPSyntax.carriageReturn, HTTPSyntax.lineFeed]
        }
        self.bytes = bytes
    }
}
