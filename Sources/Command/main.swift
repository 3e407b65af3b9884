internal import PylonServer

ShardServer(kinds: [FanoutWorld.kind, CounterWorld.kind, HerdWorld.kind], queues: TrialQueues.all).main()
