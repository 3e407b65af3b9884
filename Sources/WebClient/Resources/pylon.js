// The client of a Pylon server for browsers and Node: one import, no dependencies, nothing to build.
//
//   import { connect } from "/pylon.js";
//
//   const shard = connect({ shard: "zone1", token });
//   shard.on("state", ({ tick, state }) => draw(state));
//   shard.on("event", ({ event }) => console.log(event));
//   shard.send({ move: { x: 1, y: 0 } });
//
// What travels is described in docs/protocol/shards.md and docs/protocol/stream-v2.md; the types are in pylon.d.ts.

export { connect, ShardConnection } from "./pylon/connection.js";
export { ServerClock } from "./pylon/clock.js";
export { SnapshotBuffer, mix, mixAngle } from "./pylon/interpolation.js";
export { Predictor } from "./pylon/prediction.js";
export { Backoff } from "./pylon/backoff.js";
export { Replica, ReplicaError } from "./pylon/replica.js";
