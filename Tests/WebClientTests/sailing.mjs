// A passenger whose boat sails between the shards "a" and "b" of a running server: `sailing.mjs <url> <token>`. Ends with 0 when every input
// was applied once or refused, and every state could be applied. Tests/EndToEndTests runs it.
import assert from "node:assert/strict";
import { ShardConnection } from "../../Sources/WebClient/Resources/pylon/connection.js";

const [url, token] = process.argv.slice(2);
const connection = new ShardConnection({ shard: "a", sid: "ann", token, url, transport: "ws" });
const refused = new Set();
let strokes = null, frames = 0, failure = null;
connection.on("hello", () => { strokes = null; frames = 0; });
connection.on("error", ({ code, message, clientSequence }) => {
  if (code === "MOVED") refused.add(clientSequence); else failure = `${code}: ${message}`;
});
connection.on("state", ({ state, replica }) => {
  frames += 1;
  if (state) strokes = state.strokes?.ann ?? null;
  else strokes = replica.owned[0]?.strokes ?? null;
});
connection.run();

/** Waits for the next state, up to ten seconds. */
const nextState = () => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error(`no state; ${failure}`)), 10_000);
  const stop = connection.on("state", () => { clearTimeout(timer); stop(); resolve(); });
});

while (strokes === null) await nextState();
let expected = 0;
for (let round = 0; round < 6; round++) {
  const target = round % 2 ? "a" : "b";
  const sent = [];
  assert.ok(connection.send({ sail: target }));
  for (let stroke = 0; stroke < 20; stroke++) sent.push(connection.send({ row: 1 }));
  while (connection.hello.shard !== target || strokes === null) await nextState();
  // Something that changes, for frames to come.
  while (frames < 10) {
    sent.push(connection.send({ row: 1 }));
    await nextState();
  }
  while (connection.acknowledged < sent.at(-1)) await nextState();
  expected += sent.filter((number) => !refused.has(number)).length;
  while (strokes !== expected) {
    assert.ok(strokes <= expected, `${strokes} strokes of ${expected}`);
    await nextState();
  }
  assert.equal(failure, null);
}
connection.close();
