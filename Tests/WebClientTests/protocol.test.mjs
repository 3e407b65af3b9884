import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { acknowledgementOf, readEvent, readServerMessage, readSnapshot } from "../../Sources/WebClient/Resources/pylon/protocol.js";

const vectors = JSON.parse(readFileSync(new URL("../../docs/protocol/vectors/stream-v2.json", import.meta.url)));
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

for (const { name, text, binary, means } of vectors.server) {
  test(`server: ${name}`, () => {
    const expected = means ? { ...means } : null;
    if (means?.body !== undefined) expected.body = bytesOf(means.body);
    if (means?.type === "keyframe") expected.json = bytesOf(binary).subarray(9);
    assert.deepEqual(readServerMessage(text ?? bytesOf(binary)), expected);
  });
}

for (const { name, binary, means } of vectors.client.filter((vector) => vector.means?.type === "ack" && vector.binary)) {
  test(`client: ${name}`, () => {
    assert.deepEqual(acknowledgementOf(means.tick), bytesOf(binary));
  });
}

test("states of v1 are a tick and JSON, or a text with both", () => {
  assert.deepEqual(readSnapshot(bytesOf("000000000000002a7b226e223a317d")), { type: "keyframe", tick: 42, state: { n: 1 } });
  assert.deepEqual(readSnapshot('{"tick":42,"snapshot":null}'), { type: "keyframe", tick: 42, state: null });
  for (const data of ['{"tick":42}', "x", bytesOf("00"), bytesOf("000000000000002a"), bytesOf("000000000000002aff")]) {
    assert.equal(readSnapshot(data), null);
  }
});

test("events of an event stream are of either version", () => {
  assert.deepEqual(readEvent({ name: "message", id: "42", data: '{"n":1}' }), { type: "keyframe", tick: 42, state: { n: 1 } });
  assert.deepEqual(readEvent({ name: "keyframe", id: "42", data: "1" }), { type: "keyframe", tick: 42, state: 1 });
  assert.deepEqual(readEvent({ name: "event", id: "42", data: '{"type":"event","seq":7,"event":{"goal":1}}' }), { type: "event", seq: 7, event: { goal: 1 } });
  assert.deepEqual(readEvent({ name: "end", id: "", data: '{"reason":"shard stopped"}' }), { type: "bye", code: null, reason: "shard stopped", retry_after_ms: null });
  assert.equal(readEvent({ name: "keyframe", id: "", data: "{" }), null);
});
