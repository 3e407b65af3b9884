internal import Glibc

/// The seed of a random test, printed so that a failure can be repeated with `PYLON_TEST_SEED`.
package func testSeed(function: StaticString = #function) -> UInt64 {
    let given = getenv("PYLON_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    print("\(function): PYLON_TEST_SEED=\(seed)")
    return seed
}
