internal import Glibc

/// A system call that failed: which, and with what error number.
package struct SystemError: Error, CustomStringConvertible, Sendable {
    package let call: StaticString
    package let number: Int32

    package init(_ call: StaticString, number: Int32) {
        self.call = call
        self.number = number
    }

    package var description: String { "\(call): \(String(cString: strerror(number)))" }
}

/// What a call on a non-blocking descriptor came back with.
package enum SystemResult: Equatable {
    /// It did this much.
    case processed(Int)
    /// EAGAIN: nothing can be done now.
    case wouldBlock
    /// Any other error number: the peer is gone or the system is short of something.
    case failed(Int32)
}

/// Runs a system call, again after EINTR, and sorts its result. EBADF and EFAULT are our own bugs and trap.
@inline(__always)
package func systemCall(_ call: () -> Int) -> SystemResult {
    while true {
        let result = call()
        if result >= 0 { return .processed(result) }
        let number = errno
        switch number {
        case EINTR: continue
        case EAGAIN: return .wouldBlock
        default:
            precondition(number != EBADF && number != EFAULT, "system call on a bad descriptor or address")
            return .failed(number)
        }
    }
}
