import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { readServerMessage } from "../../Sources/WebClient/Resources/pylon/protocol.js";
import { applyOperations, DeltaError, StateHistory } from "../../Sources/WebClient/Resources/pylon/states.js";

const vectors = JSON.parse(readFileSync(new URL("../../docs/protocol/vectors/state-delta.json", import.meta.url)));
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder().decode(bytes);

for (const { name, message, error, tick, base_age, operations } of vectors.messages) {
  test(`delta: ${name}`, () => {
    const expected = error ? null : { type: "delta", tick, base_age, operations: bytesOf(operations) };
    assert.deepEqual(readServerMessage(bytesOf(message)), expected);
  });
}

for (const { name, base, operations, state, error } of vectors.operations) {
  test(`operations: ${name}`, () => {
    if (error) assert.throws(() => applyOperations(bytesOf(operations), encode(base)), DeltaError);
    else assert.equal(decode(applyOperations(bytesOf(operations), encode(base))), state);
  });
}

const delta = (tick, age, hex) => ({ tick, base_age: age, operations: bytesOf(hex) });

test("a delta leads from any state since the last that one led from", () => {
  const history = new StateHistory();
  history.keep(1, encode('{"n":1}'));
  history.keep(2, encode('{"n":2}'));
  assert.equal(decode(history.apply(delta(3, 2, "00050133020100"))), '{"n":3}');
  assert.equal(decode(history.apply(delta(4, 1, "00050134020100"))), '{"n":4}');
  assert.equal(history.apply(delta(5, 4, "000700")), null, "the server went on to tick 3 before");
  assert.equal(decode(history.apply(delta(5, 1, "000700"))), '{"n":4}');
});

test("what cannot be applied is not kept", () => {
  const history = new StateHistory();
  history.keep(1, encode("[1]"));
  assert.throws(() => history.apply(delta(2, 1, "000400")), DeltaError);
  assert.equal(history.apply(delta(3, 1, "000300")), null);
  assert.equal(decode(history.apply(delta(3, 2, "000300"))), "[1]");
});

test("states are kept as long as a server may lead from them, and no more", () => {
  const history = new StateHistory();
  for (let tick = 1; tick <= 100; tick++) history.keep(tick, encode(String(tick)));
  assert.equal(history.apply(delta(101, 50, "000200")), null);
  assert.equal(decode(history.apply(delta(101, 32, "000200"))), "69");
  history.keep(101, encode("again"));
  assert.equal(decode(history.apply(delta(102, 1, "000500"))), "again", "a whole state comes again for who asks");
});

test("only states that deltas pay for are to be acknowledged, and of those each eighth", () => {
  const history = new StateHistory();
  history.keep(1, new Uint8Array(511));
  assert.equal(history.takeAcknowledgement(), false);
  const said = Array.from({ length: 17 }, (_, index) => {
    history.keep(index + 2, new Uint8Array(512));
    return history.takeAcknowledgement();
  });
  assert.deepEqual(said.flatMap((isSaid, index) => (isSaid ? [index] : [])), [0, 8, 16]);
  // A delta, then a whole one again: the server has nothing to lead from.
  history.apply(delta(19, 1, "00800400"));
  assert.equal(history.takeAcknowledgement(), false);
  history.keep(20, new Uint8Array(512));
  assert.equal(history.takeAcknowledgement(), true);
  history.keep(50, new Uint8Array(4 * 1024 * 1024 + 1));
  assert.equal(history.apply(delta(51, 1, "000100")), null, "too long to be led from");
});

test("states are kept up to 4 MiB and the newest", () => {
  const history = new StateHistory();
  for (let tick = 1; tick <= 6; tick++) history.keep(tick, new Uint8Array(2 * 1024 * 1024));
  assert.equal(history.apply(delta(7, 4, "000100")), null);
  assert.equal(history.apply(delta(7, 3, "000100")).length, 1);
});
