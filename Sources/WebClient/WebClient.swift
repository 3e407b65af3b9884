/// The client library for browsers, as the server hands it out: plain modules under `/pylon.js` and `/pylon/`.
package enum WebClient {
    /// One file.
    package struct File: Sendable {
        /// The path it is served under.
        package let path: String
        package let contentType: String
        package let bytes: [UInt8]
    }

    /// All of them; the types (`/pylon.d.ts`) are for editors.
    package static let files: [File] = [
        script("/pylon.js", PackageResources.pylon_js),
        File(path: "/pylon.d.ts", contentType: "text/plain; charset=utf-8", bytes: PackageResources.pylon_d_ts),
        script("/pylon/backoff.js", PackageResources.backoff_js),
        script("/pylon/bits.js", PackageResources.bits_js),
        script("/pylon/clock.js", PackageResources.clock_js),
        script("/pylon/connection.js", PackageResources.connection_js),
        script("/pylon/emitter.js", PackageResources.emitter_js),
        script("/pylon/interpolation.js", PackageResources.interpolation_js),
        script("/pylon/prediction.js", PackageResources.prediction_js),
        script("/pylon/protocol.js", PackageResources.protocol_js),
        script("/pylon/replica.js", PackageResources.replica_js),
        script("/pylon/schema.js", PackageResources.schema_js),
        script("/pylon/states.js", PackageResources.states_js),
        script("/pylon/transport.js", PackageResources.transport_js),
        script("/pylon/viewhash.js", PackageResources.viewhash_js),
    ]

    private static func script(_ path: String, _ bytes: [UInt8]) -> File {
        File(path: path, contentType: "text/javascript; charset=utf-8", bytes: bytes)
    }
}
