/// How much a manifest may declare.
package enum ManifestLimits {
    package static let entityCountMaximum = 512
    /// Far below SQLite's 2,000 columns a table.
    package static let fieldCountMaximum = 256
    /// Indexes of one entity: each one slows every write.
    package static let indexCountMaximum = 32
    package static let indexFieldCountMaximum = 16
    package static let relationCountMaximum = 64
    /// Routes, queries, actions and policies, each.
    package static let operationCountMaximum = 4096
    package static let inputCountMaximum = 256
    /// Elements of any other list.
    package static let listCountMaximum = 1024
    /// Bytes of any text, rules included.
    package static let textByteCountMaximum = 4096
    /// Sessions of at most ten years, in seconds.
    package static let secondsMaximum = 315_360_000
    /// Problems reported; further ones are only counted.
    package static let diagnosticCountMaximum = 1000
}
