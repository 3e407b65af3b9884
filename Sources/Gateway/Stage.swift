/// One step of the request pipeline, which runs when a head has arrived and before its body is read.
///
/// Stages run in the order of the service's list; the first to throw answers the request.
package struct Stage: Sendable {
    /// The name in documentation and tests.
    package let name: String
    package let run: @Sendable (inout Request) throws(APIError) -> Void

    package init(_ name: String, _ run: @escaping @Sendable (inout Request) throws(APIError) -> Void) {
        self.name = name
        self.run = run
    }
}
