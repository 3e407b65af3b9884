internal import Testing
@testable internal import PylonStorage

@Suite struct FileClaimTests {
    @Test func thereIsOneAtATime() throws {
        let folder = TestFolder()
        let path = folder.file("test.db")
        var claim: FileClaim? = try FileClaim(on: path)
        do throws(StorageError) {
            _ = try FileClaim(on: path)
            Issue.record("two claims on one file")
        } catch {
            guard case .busy = error else { throw error }
        }
        _ = try FileClaim(on: folder.file("other.db"))
        #expect(claim != nil)
        claim = nil
        _ = try FileClaim(on: path)
    }
}
