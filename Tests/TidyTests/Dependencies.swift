/// Which module may import which.
enum Dependencies {
    /// The order of the modules, lowest first: a module depends on lower layers only, so modules that share a layer
    /// know nothing of each other. Names are those of the folders in `Sources`.
    static let layers: [[String]] = [
        ["CSystem", "CSQLite", "CCrypto", "CZlib", "CAllocationCounter"],
        ["Bytes", "Threading"],
        ["Crypto", "Time"],
        ["JSON"],
        ["Telemetry", "Schema"],
        ["EventLoop"],
        ["Net"],
        ["HTTP"],
        ["WebSocket", "EventStream", "OpenAPI", "StreamProtocol"],
        ["Fanout", "Simulation", "Policy"],
        ["Replay", "Replication"],
        ["Client", "ShardHost", "Storage"],
        ["Auth", "Cache", "Matchmaking", "Records", "Rooms", "Sync", "Jobs", "Functions", "WebClient"],
        ["Gateway", "Operations"],
        ["API"],
        ["Server"],
        ["Pylon"],
        ["Command"],
    ]

    /// The modules that run, replay and fuzz without a socket or a file, with everything they may depend on.
    static let sealed: [String: Set<String>] = [
        "Bytes": ["CSystem"],
        "JSON": ["Bytes"],
        "Schema": ["Bytes", "JSON", "Threading", "Time"],
        "Simulation": ["Bytes", "JSON", "Time", "Schema"],
        "Replication": ["Bytes", "JSON", "Simulation", "Time"],
        "Policy": ["Bytes", "JSON", "Time", "Schema"],
        "OpenAPI": ["Bytes", "HTTP", "JSON", "Schema"],
        "StreamProtocol": ["Bytes", "JSON"],
        "Cache": ["Bytes", "JSON", "Telemetry", "Threading", "Time"],
        "Matchmaking": ["Bytes", "JSON", "Telemetry", "Threading", "Time"],
        "Rooms": ["Bytes", "JSON", "Telemetry", "Threading", "Time"],
    ]

    /// Modules whose files work on bytes and values; none of them may know a protocol of the wire.
    static let domain: Set<String> = [
        "Schema", "Storage", "Records", "Cache", "Matchmaking", "Rooms", "Sync", "Jobs", "Functions",
    ]
    static let wire: Set<String> = ["EventLoop", "Net", "HTTP", "WebSocket", "EventStream"]

    /// Declared dependencies that break the one-way order. A cycle cannot obey it.
    static func orderViolations(in manifest: Manifest) -> [Violation] {
        let layerOf = Dictionary(
            uniqueKeysWithValues: layers.enumerated().flatMap { layer, names in names.map { ($0, layer) } })
        var found: [Violation] = []
        for target in manifest.targets where target.path.hasPrefix("Sources/") {
            let module = target.module
            guard let layer = layerOf[module] else {
                found.append(target.violation("\(module) has no layer; give it one in Dependencies.layers"))
                continue
            }
            for dependency in manifest.modules(of: target) {
                if layerOf[dependency, default: .max] >= layer {
                    found.append(target.violation("\(module) may not depend on \(dependency): layers run one way"))
                }
                if let allowed = sealed[module], !allowed.contains(dependency) {
                    found.append(target.violation("\(module) may depend on \(allowed.sorted()), not on \(dependency)"))
                }
                if domain.contains(module), wire.contains(dependency) {
                    found.append(target.violation("\(module) is domain code and may not know \(dependency)"))
                }
            }
        }
        return found
    }

    /// Imports of this package's modules that the importing file's target does not declare.
    static func undeclaredImports(in texts: [SourceText], _ manifest: Manifest) -> [Violation] {
        let known = Set(manifest.targets.map(\.name))
        var found: [Violation] = []
        for text in texts {
            guard let target = manifest.target(holding: text.path) else { continue }
            for (module, line) in text.imports()
            where known.contains(module) && module != target.name && !target.dependencies.contains(module) {
                found.append(
                    Violation(path: text.path, line: line, message: "\(target.name) does not declare \(module)"))
            }
        }
        return found
    }

    /// Declared dependencies that no file of the target imports. Test targets may need one only to be built.
    static func unusedDependencies(in texts: [SourceText], _ manifest: Manifest) -> [Violation] {
        var imported: [String: Set<String>] = [:]
        for text in texts {
            guard let target = manifest.target(holding: text.path) else { continue }
            imported[target.name, default: []].formUnion(text.imports().map(\.module))
        }
        return manifest.targets.filter { $0.path.hasPrefix("Sources/") }.flatMap { target in
            target.dependencies.filter { !imported[target.name, default: []].contains($0) }
                .map { target.violation("\(target.name) declares \($0) and never imports it") }
        }
    }

    /// Imports of Foundation in any of its parts: 44 MB of ICU, and slow where it matters.
    static func foundationImports(in texts: [SourceText]) -> [Violation] {
        texts.filter { !$0.path.hasPrefix("examples/") }.flatMap { text in
            text.imports().filter { $0.module.hasPrefix("Foundation") || $0.module == "Dispatch" }
                .map { Violation(path: text.path, line: $0.line, message: "imports \($0.module)") }
        }
    }
}

extension Manifest {
    /// The folder names of the package's own modules that a target depends on.
    fileprivate func modules(of target: Target) -> [String] {
        target.dependencies.compactMap { name in targets.first { $0.name == name }?.module }
    }
}

extension Manifest.Target {
    /// The name of its folder.
    fileprivate var module: String { path.split(separator: "/").last.map(String.init) ?? name }

    fileprivate func violation(_ message: String) -> Violation {
        Violation(path: "Package.swift", line: line, message: message)
    }
}

extension SourceText {
    /// The modules imported, each with its line.
    func imports() -> [(module: String, line: Int)] {
        Self.offsets(of: "import ", in: code).compactMap { offset in
            let number = line(at: offset)
            let words = codeLine(number).split(separator: " ")
            guard let keyword = words.firstIndex(of: "import"), keyword + 1 < words.count else { return nil }
            let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
            guard words[..<keyword].allSatisfy({ $0.hasPrefix("@") || modifiers.contains($0) }) else { return nil }
            // `import struct Module.Name` names a kind first.
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let name = words[keyword + 1]
            let path = kinds.contains(name) && keyword + 2 < words.count ? words[keyword + 2] : name
            return (String(path.prefix { $0 != "." }), number)
        }
    }
}
