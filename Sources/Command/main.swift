internal import PylonServer

ShardServer(kinds: [FanoutWorld.kind, CounterWorld.kind, HerdWorld.kind, FerryWorld.kind], queues: TrialQueues.all)
    .main()
