/// Everything a game author needs under one import: the `Simulation` protocol, entities, the JSON writer, ticks and seeds, and `ShardServer`.
@_exported public import PylonAPI
@_exported public import PylonBytes
@_exported public import PylonJSON
@_exported public import PylonMatchmaking
@_exported public import PylonRecords
@_exported public import PylonReplay
@_exported public import PylonReplication
@_exported public import PylonServer
@_exported public import PylonShardHost
@_exported public import PylonSimulation
@_exported public import PylonTime
