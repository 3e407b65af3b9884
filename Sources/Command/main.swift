internal import PylonServer

ShardServer(kinds: [FanoutWorld.kind, CounterWorld.kind]).main()
