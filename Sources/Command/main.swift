internal import PylonServer

ShardServer(
    kinds: [FanoutWorld.kind, CounterWorld.kind, HerdWorld.kind, FerryWorld.kind, FleetWorld.kind],
    queues: TrialQueues.all
)
.main()
