package import PylonGateway
package import PylonHTTP
internal import PylonBytes
internal import PylonJSON
internal import PylonRecords
internal import PylonTelemetry
package import PylonTime

/// All rows out and in, for administrators (spec/data.md 3.9). Neither has to fit into memory.
package struct TransferRoutes: Sendable {
    private let routes: EntityRoutes
    private let log: Log
    private let clock: any Clock

    /// Imports and exports the rows of `routes`.
    package init(_ routes: EntityRoutes, clock: any Clock) {
        self.routes = routes
        log = routes.log
        self.clock = clock
    }

    package var table: [Route<Handler>] {
        let importLimit = BodyLimit.bytes(routes.records.limits.importBytesMaximum)
        return [
            Route(.get, "/api/export", .exportRows, access: .admin, bodyLimit: .none, handler: .asynchronous(export)),
            Route(
                .get, "/api/export/:entity", .exportEntity, access: .admin, bodyLimit: .none,
                handler: .asynchronous(export)),
            Route(
                .post, "/api/import", .importRows, access: .admin, bodyLimit: importLimit,
                handler: .streaming(importRows)),
        ]
    }

    private func export(_ request: Request) async throws(APIError) -> HTTPResponse {
        let time = CalendarTime(secondsSinceEpoch: Int(clock.microsecondsSinceEpoch() / 1_000_000))
        let export = try await routes.perform(request) { _ throws(RecordError) in
            try await routes.records.export(request.parameters["entity"], at: time)
        }
        return HTTPResponse(.ok, contentType: "application/json", body: .pieces(ExportBody(export, log: log)))
    }

    private func importRows(_ request: Request, _ body: RequestBody) async throws(APIError) -> HTTPResponse {
        var rows = RecordImport(into: routes.records, as: .init(request.identity))
        while let bytes = try await body.next() {
            do throws(RecordError) { try await rows.take(bytes) } catch { throw routes.noted(error) }
        }
        let report: RecordImport.Report
        do throws(RecordError) { report = try await rows.finish() } catch { throw routes.noted(error) }
        for refusal in report.refusals { _ = routes.noted(refusal.reason) }
        return .json(.ok, Self.json(of: report))
    }

    private static func json(of report: RecordImport.Report) -> ByteBuffer {
        var json = JSONWriter()
        json.beginObject()
        json.key("by_entity")
        json.beginArray()
        for entity in report.entities {
            json.beginObject()
            json.member("entity", entity.name)
            json.member("failed", entity.failed)
            json.member("inserted", entity.inserted)
            json.endObject()
        }
        json.endArray()
        json.key("errors")
        json.beginArray()
        for refusal in report.refusals {
            let (_, code, message) = ErrorBody.parts(of: .record(refusal.reason))
            json.beginObject()
            json.member("code", code)
            json.member("entity", refusal.entity)
            json.member("error", message)
            json.member("index", refusal.index)
            json.endObject()
        }
        json.endArray()
        json.member("failed", report.failed)
        json.member("imported", report.imported)
        json.endObject()
        return json.finish()
    }
}

/// An export as the body of an answer.
private final class ExportBody: HTTPBodySource {
    private let export: RecordExport
    private let log: Log

    init(_ export: RecordExport, log: Log) {
        self.export = export
        self.log = log
    }

    func next() async -> HTTPBodyPiece {
        do throws(RecordError) {
            return try await export.next().map { .bytes($0) } ?? .end
        } catch {
            log.error("an export ended early: \(error)")
            return .broken
        }
    }

    func close() { export.close() }
}
