internal import PylonServer

ShardServer(kinds: [FanoutWorld.kind, CounterWorld.kind], queues: TrialQueues.all).main()
