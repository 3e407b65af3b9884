// The messages of stream v2 (docs/protocol/stream-v2.md), and of v1 beside them.

import { BitReader } from "./bits.js";

const KEYFRAME = 2, ENTITIES = 3, ACKNOWLEDGEMENT = 4, DELTA = 5;

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads what a v2 server sends, a string or a Uint8Array, into an object with its `type`: as the JSON says, or for binary messages
 * `keyframe` (its `json` as it came), `delta` (for a StateHistory) and `entities` (for a Replica). Null for what is no message, or of a later version.
 */
export function readServerMessage(data) {
  try {
    if (typeof data === "string") {
      const message = JSON.parse(data);
      return typeof message?.type === "string" ? message : null;
    }
    switch (data[0]) {
      case KEYFRAME: return { type: "keyframe", tick: numberAt(data, 1), state: jsonAt(data, 9), json: data.subarray(9) };
      case DELTA: return deltaAt(data);
      case ENTITIES: return entitiesAt(data);
      default: return null;
    }
  } catch {
    return null;
  }
}

/** Reads a state of v1: the tick, then JSON; or, as some servers may send it, a text with `tick` and `snapshot`. */
export function readSnapshot(data) {
  try {
    if (typeof data !== "string") return { type: "keyframe", tick: numberAt(data, 0), state: jsonAt(data, 8) };
    const { tick, snapshot } = JSON.parse(data);
    return snapshot === undefined ? null : { type: "keyframe", tick, state: snapshot };
  } catch {
    return null;
  }
}

/** Reads one event of a stream of server-sent events, of either version. */
export function readEvent({ name, id, data }) {
  try {
    const value = JSON.parse(data);
    // States stand alone, of either version, with the tick as id.
    if (name === "message" || name === "keyframe") return { type: "keyframe", tick: Number(id), state: value };
    if (name === "end") return { type: "bye", code: null, reason: value.reason, retry_after_ms: null };
    return { ...value, type: name };
  } catch {
    return null;
  }
}

/** `04 ‖ tick`, seven bits to a byte, the lowest first. */
export function acknowledgementOf(tick) {
  const bytes = [ACKNOWLEDGEMENT];
  for (; tick >= 0x80; tick = Math.floor(tick / 0x80)) bytes.push((tick % 0x80) | 0x80);
  bytes.push(tick);
  return Uint8Array.from(bytes);
}

/** `03 ‖ tick ‖ base age ‖ acknowledged input + 1, or 0 ‖ body`. */
function entitiesAt(data) {
  const reader = new BitReader(data.subarray(1));
  const tick = reader.readVarint(), baseAge = reader.readVarint(), acknowledged = reader.readVarint();
  const body = data.subarray(1 + reader.position / 8);
  return { type: "entities", tick, base_age: baseAge, client_seq: acknowledged ? acknowledged - 1 : null, body };
}

/** `05 ‖ tick ‖ base age ‖ operations`. */
function deltaAt(data) {
  const reader = new BitReader(data.subarray(1));
  const tick = reader.readVarint(), baseAge = reader.readVarint();
  if (baseAge < 1 || baseAge > tick) return null;
  return { type: "delta", tick, base_age: baseAge, operations: data.subarray(1 + reader.position / 8) };
}

/** 64 bits, big-endian. */
function numberAt(bytes, offset) {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(offset));
}

/** The JSON value in `bytes` from `offset` on. Throws for what is none. */
export const jsonAt = (bytes, offset = 0) => JSON.parse(decoder.decode(bytes.subarray(offset)));
