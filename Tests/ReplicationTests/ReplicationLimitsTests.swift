import Testing

@testable import PylonReplication

struct ReplicationLimitsTests {
    @Test func theDefaultsMakeSense() { #expect(ReplicationLimits().problem == nil) }

    @Test func bordersAreAllowedAndWhatIsBeyondIsNamed() {
        func problem(_ change: (inout ReplicationLimits) -> Void) -> String? {
            var limits = ReplicationLimits()
            change(&limits)
            return limits.problem
        }
        #expect(problem { $0.viewEntitiesMaximum = 1 } == nil)
        #expect(problem { $0.viewEntitiesMaximum = 0 } == "a view holds 1 entity at least")
        #expect(problem { $0.ownedEntitiesMaximum = 0 } == nil)
        #expect(problem { $0.ownedEntitiesMaximum = -1 } == "an owner has no less than 0 entities")
        #expect(problem { $0.viewsInFlightMaximum = 0 } == "1 view may be in flight at least")
        for bytes in [64, 262_144] { #expect(problem { $0.frameBytesMaximum = bytes } == nil) }
        for bytes in [63, 262_145] {
            #expect(problem { $0.frameBytesMaximum = bytes } == "a frame has 64 to 262144 bytes")
        }
        #expect(problem { $0.bytesPerFrame = 64 } == nil)
        #expect(problem { $0.bytesPerFrame = 63 } == "a frame has 64 bytes at least")
        #expect(problem { $0.cellsPerViewMaximum = 0 } == "1 cell and 1 shape at least")
        #expect(problem { $0.shapesMaximum = 0 } == "1 cell and 1 shape at least")
        for size in [0, -1, .infinity, .nan] { #expect(problem { $0.cellSize = size } == "cells have a size") }
        for margin in [0, 1.0] { #expect(problem { $0.cellMargin = margin } == nil) }
        for margin in [-0.1, 1.1, .nan] {
            #expect(problem { $0.cellMargin = margin } == "the margin is a share of the cell")
        }
    }
}
