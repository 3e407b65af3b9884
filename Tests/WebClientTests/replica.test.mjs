import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Replica, ReplicaError } from "../../Sources/WebClient/Resources/pylon/replica.js";

const { cases } = JSON.parse(readFileSync(new URL("../../docs/protocol/vectors/replication.json", import.meta.url)));
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const frameOf = ({ tick, base_age, body }) => ({ tick, base_age, body: bytesOf(body) });

const expected = ({ entities }) => entities.map(({ slot, generation, type, position: [x, y, z = 0], owned = false, fields }) => (
  { id: slot * 256 + generation, type, isOwned: owned, x, y, z, ...fields }));

for (const { name, schema, frames } of cases) {
  test(`${name}: every frame leads to its state`, () => {
    const replica = new Replica(schema);
    for (const frame of frames) {
      assert.equal(replica.apply(frameOf(frame)), true, frame.note);
      assert.equal(replica.tick, frame.tick);
      assert.deepEqual([...replica.entities.values()], expected(frame), frame.note);
      assert.equal(replica.hash(), frame.hash, frame.note);
      assert.equal(replica.needsKeyframe, false);
    }
  });

  test(`${name}: what came, changed and went adds up to the state`, () => {
    const replica = new Replica(schema);
    const known = new Map();
    replica.on("enter", (entity) => { assert.ok(!known.has(entity.id)); known.set(entity.id, entity); });
    replica.on("change", (entity) => { assert.ok(known.has(entity.id)); known.set(entity.id, entity); });
    replica.on("leave", (entity) => assert.ok(known.delete(entity.id)));
    for (const frame of frames) {
      const before = replica.entities;
      replica.apply(frameOf(frame));
      assert.deepEqual(new Map([...known].sort(([a], [b]) => a - b)), replica.entities, frame.note);
      for (const [id, entity] of replica.entities) {
        if (before.has(id) && JSON.stringify(before.get(id)) === JSON.stringify(entity)) assert.equal(before.get(id), entity, "what is the same stays the same");
      }
    }
  });

  test(`${name}: a frame that is cut short changes nothing`, () => {
    const replica = new Replica(schema);
    replica.apply(frameOf(frames[0]));
    const whole = frameOf(frames[4].base_age === 1 ? { ...frames[4], base_age: frames[4].tick - frames[0].tick } : frames[4]);
    for (let length = 0; length < whole.body.length; length++) {
      const before = replica.entities;
      try {
        // Cut at a byte's border a body may be whole by luck, but is never read beyond its end.
        if (replica.apply({ ...whole, tick: 1000 + length, base_age: 1000 + length - frames[0].tick, body: whole.body.subarray(0, length) })) {
          replica.apply(frameOf({ ...frames[0], tick: 1000 + length }));
        }
      } catch (error) {
        assert.ok(error instanceof ReplicaError, error.stack);
        assert.equal(replica.entities, before);
      }
    }
  });
}

test("stale frames are passed over, and a missing base asks for a keyframe", () => {
  const [{ schema, frames }] = cases;
  const replica = new Replica(schema);
  assert.equal(replica.apply(frameOf(frames[1])), false);
  assert.equal(replica.needsKeyframe, true);
  replica.apply(frameOf(frames[0]));
  replica.apply(frameOf(frames[1]));
  assert.equal(replica.apply(frameOf(frames[0])), false);
  assert.equal(replica.needsKeyframe, false);
  assert.equal(replica.apply(frameOf(frames[4])), false, "its base, the tick before, is lost");
  assert.equal(replica.needsKeyframe, true);
  assert.ok(replica.apply(frameOf(frames.at(-1))), "a keyframe needs none");
  assert.equal(replica.needsKeyframe, false);
});

test("bytes by chance neither hang nor are believed", () => {
  const [{ schema, frames }] = cases;
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647);
  for (let round = 0; round < 5000; round++) {
    const replica = new Replica(schema);
    replica.apply(frameOf(frames[0]));
    const body = Uint8Array.from({ length: random() % 40 }, () => random() % 256);
    try {
      replica.apply({ tick: 102, base_age: random() % 2, body });
    } catch (error) {
      assert.ok(error instanceof ReplicaError, error.stack);
    }
  }
});

test("a schema of another version is refused", () => {
  assert.throws(() => new Replica({ version: 2 }), ReplicaError);
  assert.throws(() => new Replica(undefined), ReplicaError);
});
