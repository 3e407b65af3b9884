import ArenaSwarm
import Glibc
import Pylon

/// A headless Chromium, driven over the DevTools protocol.
final class Chromium {
    private let process: ChildProcess
    private let profile = ScratchDirectory()
    private let connection: WebSocketConnection
    private var callLast = 0
    /// What any page complained about.
    private(set) var complaints: [String] = []

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    static var program: String? { programs.first { access($0, X_OK) == 0 } }

    init(width: Int, height: Int) throws {
        guard let program = Self.program else { throw Failure(description: "chromium is not installed") }
        let profile = profile.path
        process = try ChildProcess(
            program,
            [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--hide-scrollbars", "--mute-audio", "--disable-background-timer-throttling",
                "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
                "--remote-debugging-port=0", "--user-data-dir=\(profile)", "--window-size=\(width),\(height)",
                "about:blank",
            ], log: profile + "/log")
        let lines = eventually(within: 20) { () -> [Substring]? in
            let lines = contents(of: profile + "/DevToolsActivePort")?.split(separator: "\n") ?? []
            return lines.count == 2 ? lines : nil
        }
        guard let lines, let port = UInt16(lines[0]) else {
            throw Failure(description: "chromium did not start: \(contents(of: profile + "/log") ?? "")")
        }
        connection = try WebSocketConnection(to: Endpoint(host: "127.0.0.1", port: port), path: String(lines[1]))
    }

    deinit {
        // Asked to close, it takes its children along; whoever is deaf to that gets a signal.
        _ = try? call("Browser.close")
        process.stop()
    }

    /// Opens a window of its own on `url`.
    func open(_ url: String) throws -> Tab {
        let created = try call("Target.createTarget", #"{"url":"about:blank","newWindow":true}"#)
        let target = created["targetId"]?.string ?? ""
        let attached = try call("Target.attachToTarget", #"{"targetId":"\#(target)","flatten":true}"#)
        let tab = Tab(browser: self, session: attached["sessionId"]?.string ?? "")
        for domain in ["Runtime", "Log", "Page"] { try tab.call("\(domain).enable") }
        try tab.call("Page.navigate", #"{"url":"\#(url)"}"#)
        return tab
    }

    /// Calls a method and waits for its result; what is reported meanwhile is kept.
    @discardableResult
    func call(_ method: String, _ parameters: String = "{}", session: String? = nil) throws -> JSONValue {
        callLast += 1
        let call = callLast
        let address = session.map { #","sessionId":"\#($0)""# } ?? ""
        try connection.send(text: #"{"id":\#(call),"method":"\#(method)","params":\#(parameters)\#(address)}"#)
        var answer: JSONValue?
        while answer == nil {
            try connection.receive(waiting: true) { message in
                guard let json = try? JSONParser.parse(message) else { return }
                if json["id"]?.int == call { answer = json } else { note(json) }
            }
        }
        guard let result = answer?["result"] else {
            throw Failure(description: "\(method): \(String(describing: answer))")
        }
        return result
    }

    private func note(_ report: JSONValue) {
        let parameters = report["params"]
        switch report["method"]?.string {
        case "Runtime.exceptionThrown": complaints.append(String(describing: parameters))
        case "Runtime.consoleAPICalled" where parameters?["type"] == "error":
            complaints.append(String(describing: parameters))
        case "Log.entryAdded" where parameters?["entry"]?["level"] == "error":
            complaints.append(String(describing: parameters?["entry"]))
        default: break
        }
    }
}

/// One page in the browser.
struct Tab {
    fileprivate let browser: Chromium
    fileprivate let session: String

    fileprivate init(browser: Chromium, session: String) {
        self.browser = browser
        self.session = session
    }

    @discardableResult
    func call(_ method: String, _ parameters: String = "{}") throws -> JSONValue {
        try browser.call(method, parameters, session: session)
    }

    /// The value of a JavaScript expression; null while the page is not ready for it.
    func value(_ expression: String) throws -> JSONValue {
        var json = JSONWriter()
        json.beginObject()
        json.member("expression", "try { \(expression) } catch { null }")
        json.member("returnByValue", true)
        json.member("awaitPromise", true)
        json.endObject()
        return try call("Runtime.evaluate", json.text)["result"]?["value"] ?? .null
    }

    func key(_ code: String, isDown: Bool) throws {
        try call("Input.dispatchKeyEvent", #"{"type":"\#(isDown ? "rawKeyDown" : "keyUp")","code":"\#(code)"}"#)
    }

    /// One finger; nil lifts it.
    func touch(_ kind: String, _ place: (x: Int, y: Int)?) throws {
        let points = place.map { #"{"x":\#($0.x),"y":\#($0.y)}"# } ?? ""
        try call("Input.dispatchTouchEvent", #"{"type":"\#(kind)","touchPoints":[\#(points)]}"#)
    }

    /// A PNG in base64.
    func screenshot() throws -> String {
        try call("Page.captureScreenshot", #"{"format":"png"}"#)["data"]?.string ?? ""
    }
}
