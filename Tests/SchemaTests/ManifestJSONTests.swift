import PylonJSON
import PylonSchema
import Testing

@Suite struct ManifestJSONTests {
    @Test func whatIsWrittenReadsBackEqual() throws {
        let manifest = try Samples.manifest()
        let again = ManifestParser.parse(try JSONParser.parse(manifest.json(hidingRules: false).text))
        #expect(again.manifest == manifest)
        #expect(again.diagnostics == [])
    }

    @Test func theExampleIsWrittenAsItWasRead() throws {
        let manifest = try Samples.manifest()
        let example = try Samples.json(Samples.todos)
        let written = manifest.json(hidingRules: false)
        for key in ["manifest_version", "name", "version", "routes", "queries", "actions", "policies", "auth"] {
            #expect(written[key] == example[key], "\(key)")
        }
        #expect(written["entities"]?[0] == example["entities"]?[0])
    }

    @Test func emptyPartsAreLeftOut() throws {
        let manifest = Manifest(
            name: "a", appVersion: "1", entities: [Entity(name: "A", fields: [])], actions: [Operation(name: "x")])
        let json = manifest.json(hidingRules: false)
        #expect(json["entities"]?[0] == ["name": "A", "fields": [], "indexes": [], "crdt": true])
        #expect(json["actions"]?[0] == ["name": "x"])
    }

    @Test func defect14NoRuleTextIsLeftIn() throws {
        let texts = ["allow", "allowRead", "allowInsert", "allowUpdate", "allowDelete", "allowWrite"]
        let rule = PolicyRule(
            name: "p", entity: "A", allow: "secret", allowRead: "secret", allowInsert: "secret",
            allowUpdate: "secret", allowDelete: "secret", allowWrite: "secret")
        let manifest = Manifest(
            name: "a", appVersion: "1", entities: [Entity(name: "A", fields: [])], policies: [rule])
        let hidden = manifest.json(hidingRules: true)
        #expect(hidden["policies"]?[0] == ["name": "p", "entity": "A"])
        #expect(!hidden.text.contains("secret"))
        let full = manifest.json(hidingRules: false)
        #expect(texts.allSatisfy { full["policies"]?[0]?[$0] == "secret" })
    }
}
