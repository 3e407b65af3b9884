import Glibc
import Pylon
import Testing

/// The page in a real browser against the real server: what a visitor would see.
///
/// `ARENA_SCREENSHOT=path.png` also takes the README's picture, with two dozen bots in it.
@Suite(.serialized, .enabled(if: Chromium.program != nil, "chromium is not installed"))
struct ArenaPageTests {
    @Test(.timeLimit(.minutes(2))) func `two tabs play together over WebSocket and server-sent events`() throws {
        let server = try ArenaServer()
        let browser = try Chromium(width: 1280, height: 720)
        let first = try browser.open("http://\(server.endpoint)/")
        let second = try browser.open("http://\(server.endpoint)/?transport=sse")
        for tab in [first, second] {
            #expect(try tab.waits(for: "arena.status === 'live' && arena.self !== null && arena.players >= 2"))
        }
        #expect(try first.value("arena.transport").string?.hasPrefix("WebSocket") == true)
        #expect(try second.value("arena.transport") == "SSE")

        try expectMovingPicture(first)
        try expectKeysMove(first)
        try expectKeysMove(second)
        try expectShots(first)
        try expectThumbMoves(second)
        for tab in [first, second] {
            #expect(try tab.waits(for: "arena.latency > 0 && arena.latency < 5000"))
        }
        #expect(try first.waits(for: "document.getElementById('leader-list').children.length >= 2"))
        #expect(browser.complaints.isEmpty)
        try second.call("Page.close")
        try takePicture(first, server)

        try expectReturnAfterRestart(server, first)
    }

    /// Steering at once, although what the zone says of it comes 150 ms later, and no jerks when it does.
    @Test(.timeLimit(.minutes(2))) func `a ship does not rubber-band on a bad line`() throws {
        let server = try ArenaServer()
        let line = try BadLine(to: server, latencyMilliseconds: 150, jitterMilliseconds: 20, lossPercent: 1)
        let browser = try Chromium(width: 1280, height: 720)
        let tab = try browser.open("http://\(line.endpoint)/")
        #expect(try tab.waits(for: "arena.shown !== null && arena.latency > 100"))
        _ = try tab.value(Self.pilot)
        let (key, _) = try tab.value("arena.self.x < 1600") == true ? ("KeyD", 1) : ("KeyA", -1)
        try tab.key(key, isDown: true)
        #expect(try tab.waits(for: "pilot.corrections.length > 150"))
        try tab.key(key, isDown: false)
        #expect(try tab.waits(for: "pilot.moved !== null"))
        // The answer to a key, in frames of a busy machine; the line alone takes 150.
        let answer = try #require(try tab.value("pilot.moved - pilot.pressed").double)
        #expect(answer < 140)
        // Late segments and hunters cost a correction; the rest is rounding.
        let median = try #require(try tab.value("pilot.share(0.5)").double)
        let most = try #require(try tab.value("pilot.share(0.9)").double)
        #expect(median < 1)
        #expect(most < 10)
        #expect(browser.complaints.isEmpty)
    }

    /// Watches how soon the ship answers a key, and how far the zone corrects it.
    private static let pilot = """
        (() => { const pilot = window.pilot = { pressed: null, moved: null, corrections: [],
          share: (part) => pilot.corrections.toSorted((a, b) => a - b)[Math.floor(pilot.corrections.length * part)] };
          let from = null;
          addEventListener("keydown", () => { pilot.pressed ??= performance.now(); from ??= arena.shown; });
          const watch = () => {
            if (from && arena.shown && pilot.moved === null && Math.abs(arena.shown.x - from.x) > 2) pilot.moved = performance.now();
            if (from && arena.shown) pilot.corrections.push(arena.correction);
            requestAnimationFrame(watch);
          };
          watch(); return true; })()
        """

    private func expectMovingPicture(_ tab: Tab) throws {
        let before = try tab.value(Self.picture).string
        #expect(before?.isEmpty == false)
        #expect(Set(before?.split(separator: ",") ?? []).count > 10, "the picture has more than a few shades")
        #expect(try tab.waits(for: "\(Self.picture) !== '\(before ?? "")'"))
    }

    private func expectKeysMove(_ tab: Tab) throws {
        let x = try #require(try tab.value("arena.self.x").double)
        // Away from the nearer wall of the 3,200 pixels.
        let (key, sign) = x < 1600 ? ("KeyD", "+") : ("ArrowLeft", "-")
        try tab.key(key, isDown: true)
        #expect(try tab.waits(for: "arena.self.down || (arena.self.x - \(x)) * \(sign)1 > 80"))
        try tab.key(key, isDown: false)
    }

    private func expectShots(_ tab: Tab) throws {
        // With sound, so that complaints about it are heard too.
        try tab.key("KeyM", isDown: true)
        #expect(try tab.value("document.getElementById('sound').getAttribute('aria-pressed')") == "true")
        try tab.key("Space", isDown: true)
        #expect(try tab.waits(for: "arena.self.down || arena.shots > 0"))
        try tab.key("Space", isDown: false)
    }

    private func expectThumbMoves(_ tab: Tab) throws {
        try tab.call("Emulation.setTouchEmulationEnabled", #"{"enabled":true}"#)
        let y = try #require(try tab.value("arena.self.y").double)
        let way = y < 1000 ? 60 : -60
        try tab.touch("touchStart", (200, 500))
        try tab.touch("touchMove", (200, 500 + way))
        #expect(try tab.waits(for: "arena.self.down || (arena.self.y - \(y)) * \(way) > 0"))
        #expect(try tab.value("document.body.classList.contains('touch')") == true)
        try tab.touch("touchEnd", nil)
    }

    private func expectReturnAfterRestart(_ server: ArenaServer, _ tab: Tab) throws {
        guard server.isOwn else { return }
        #expect(server.stop() == 0, "a polite end")
        #expect(try tab.waits(for: "arena.status === 'lost'"))
        try server.start()
        #expect(try tab.waits(for: "arena.status === 'live' && arena.self !== null"))
    }

    private func takePicture(_ tab: Tab, _ server: ArenaServer) throws {
        guard let path = getenv("ARENA_SCREENSHOT").map({ String(cString: $0) }) else { return }
        let bots = try server.sendBots(24, seconds: 60)
        try tab.call(
            "Emulation.setDeviceMetricsOverride", #"{"width":1280,"height":720,"deviceScaleFactor":1,"mobile":false}"#)
        #expect(try tab.waits(for: "arena.players > 20"))
        // Through the middle, shooting ahead, until others are near.
        let x = try #require(try tab.value("arena.self.x").double)
        try tab.call("Input.dispatchMouseEvent", #"{"type":"mouseMoved","x":\#(x < 1600 ? 1000 : 280),"y":270}"#)
        try tab.key(x < 1600 ? "KeyD" : "KeyA", isDown: true)
        try tab.key("Space", isDown: true)
        _ = try tab.waits(
            for: """
                arena.self.x > 600 && arena.self.x < 2600 && arena.self.y > 350 && arena.self.y < 1650
                && arena.near >= 2 && arena.self.score > 5 && arena.self.health > 2
                """)
        let png = try #require(Base64.decoded(try tab.screenshot()))
        bots.stop()
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        #expect(write(file, png, png.count) == png.count)
        close(file)
    }

    /// The scene shrunk to 64 x 36, as text.
    private static let picture = """
        (() => { const small = document.createElement('canvas'); small.width = 64; small.height = 36; \
        const pen = small.getContext('2d'); pen.drawImage(document.getElementById('scene'), 0, 0, 64, 36); \
        return pen.getImageData(0, 0, 64, 36).data.join(); })()
        """
}

extension Tab {
    /// Whether `condition` becomes true within fifteen seconds.
    func waits(for condition: String) throws -> Bool {
        try eventually(within: 15) { try value(condition) == true ? true : nil } ?? false
    }
}

enum Base64 {
    /// nil for anything but padded base64 without line breaks.
    static func decoded(_ text: String) -> [UInt8]? {
        guard text.utf8.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        for (index, character) in text.utf8.enumerated() {
            guard let digit = digit(character) else { return nil }
            bits = bits << 6 | UInt32(digit)
            if index % 4 == 3 { bytes += [UInt8(bits >> 16 & 255), UInt8(bits >> 8 & 255), UInt8(bits & 255)] }
        }
        bytes.removeLast(text.utf8.suffix(2).count { $0 == UInt8(ascii: "=") })
        return bytes
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character + 4
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        case UInt8(ascii: "="): 0
        default: nil
        }
    }
}
