/// One file of the arena's page, as it is served.
public struct PageFile: Sendable {
    public let path: String
    public let contentType: String
    public let bytes: [UInt8]

    /// All of them: what a browser needs to play, and nothing from anywhere else.
    public static let all: [PageFile] = [
        PageFile("/", .html, PackageResources.index_html),
        PageFile("/arena.css", .css, PackageResources.arena_css),
        PageFile("/arena.js", .script, PackageResources.arena_js),
        PageFile("/controls.js", .script, PackageResources.controls_js),
        PageFile("/effects.js", .script, PackageResources.effects_js),
        PageFile("/hud.js", .script, PackageResources.hud_js),
        PageFile("/icon.svg", .vectors, PackageResources.icon_svg),
        PageFile("/painter.js", .script, PackageResources.painter_js),
        PageFile("/palette.js", .script, PackageResources.palette_js),
        PageFile("/ship.js", .script, PackageResources.ship_js),
        PageFile("/sound.js", .script, PackageResources.sound_js),
        PageFile("/sprites.js", .script, PackageResources.sprites_js),
        PageFile("/world.js", .script, PackageResources.world_js),
    ]

    private enum Kind: String {
        case html = "text/html; charset=utf-8"
        case css = "text/css; charset=utf-8"
        case script = "text/javascript; charset=utf-8"
        case vectors = "image/svg+xml"
    }

    private init(_ path: String, _ kind: Kind, _ bytes: [UInt8]) {
        self.path = path
        contentType = kind.rawValue
        self.bytes = bytes
    }
}
