import Glibc
import PylonEventLoop
import Testing

@Suite struct SystemErrorTests {
    @Test func anInterruptedCallIsRepeated() {
        var calls = 0
        let result = systemCall {
            calls += 1
            errno = EINTR
            return calls < 3 ? -1 : 7
        }
        #expect(result == .processed(7))
        #expect(calls == 3)
    }

    @Test func errorNumbersAreSorted() {
        func failing(_ number: Int32) -> SystemResult {
            systemCall {
                errno = number
                return -1
            }
        }
        #expect(failing(EAGAIN) == .wouldBlock)
        #expect(failing(ECONNRESET) == .failed(ECONNRESET))
        #expect(systemCall { 0 } == .processed(0))
    }

    @Test func aDescriptorOfOursThatIsBadTraps() async {
        await #expect(processExitsWith: .failure) {
            _ = systemCall {
                errno = EBADF
                return -1
            }
        }
    }

    @Test func theDescriptionNamesTheCall() {
        #expect(SystemError("bind", number: EADDRINUSE).description == "bind: Address already in use")
    }
}
