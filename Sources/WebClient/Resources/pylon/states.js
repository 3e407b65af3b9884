// States of JSON as the server sends them to who takes deltas: now and then whole, else as what changed since one that was acknowledged.

/** States and bytes kept, the newest not counted: as many as a server remembers. A state that is longer by itself is never led from. */
const STATES_MAXIMUM = 32, BYTES_MAXIMUM = 4 * 1024 * 1024;
/** What changed of a shorter state saves less than it costs to say that it is here. */
const ACKNOWLEDGED_BYTES_MINIMUM = 512;
/** Each eighth state is acknowledged: a state that is some older leads on as well, and each acknowledgement costs the server as much as a state. */
const STATES_PER_ACKNOWLEDGEMENT = 8;

/** A delta that cannot be what a server sent. */
export class DeltaError extends Error {
  name = "DeltaError";
}

/** The states that deltas may lead from, as bytes, in the order of their ticks. */
export class StateHistory {
  #states = [];
  #bytes = 0;
  #wasWhole = false;
  #unacknowledged = 0;

  /** Keeps a state that came whole. */
  keep(tick, json) {
    this.#append(tick, json);
    // Behind deltas, and at first, it is news that the server has no state to lead from.
    if (!this.#wasWhole) this.#unacknowledged = STATES_PER_ACKNOWLEDGEMENT;
    this.#wasWhole = true;
  }

  /** Whether the server is to be told that the newest state is here. Asked once for each. */
  takeAcknowledgement() {
    const { length } = this.#states.at(-1)?.json ?? [];
    this.#unacknowledged += 1;
    if (this.#unacknowledged < STATES_PER_ACKNOWLEDGEMENT || !(length >= ACKNOWLEDGED_BYTES_MINIMUM)) return false;
    this.#unacknowledged = 0;
    return true;
  }

  #append(tick, json) {
    // One comes again for who has asked for it.
    while (this.#states.at(-1)?.tick >= tick) this.#bytes -= this.#states.pop().json.length;
    while (this.#states.length > STATES_MAXIMUM || this.#bytes > BYTES_MAXIMUM) this.#forgetOldest();
    if (json.length > BYTES_MAXIMUM) return;
    this.#states.push({ tick, json });
    this.#bytes += json.length;
  }

  #forgetOldest() { this.#bytes -= this.#states.shift().json.length; }

  /**
   * The state that a message of the type `delta` leads to, as bytes, which is kept, too; null when the state is not here that it leads from. Throws
   * `DeltaError`, keeping nothing, for what no server sends.
   */
  apply({ tick, base_age: age, operations }) {
    const base = this.#states.find((state) => state.tick === tick - age);
    if (!base) return null;
    const json = applyOperations(operations, base.json);
    // The server never goes back behind what its deltas lead from.
    while (this.#states[0] !== base) this.#forgetOldest();
    this.#append(tick, json);
    this.#wasWhole = false;
    return json;
  }
}

/** What `operations` make of `base`: `move ‖ copy ‖ insert ‖ bytes`, over and over (docs/protocol/stream-v2.md). */
export function applyOperations(operations, base) {
  const reader = new NumberReader(operations);
  const pieces = [];
  let position = 0, count = 0;
  const take = (piece) => {
    count += piece.length;
    if (count > BYTES_MAXIMUM) throw new DeltaError("the state is too long");
    pieces.push(piece);
  };
  while (reader.offset < operations.length) {
    position += reader.readSigned();
    if (position < 0 || position > base.length) throw new DeltaError("it leads out of the state");
    const copied = reader.read();
    if (copied > base.length - position) throw new DeltaError("it copies more than there is");
    take(base.subarray(position, position + copied));
    position += copied;
    const inserted = reader.read();
    if (inserted > operations.length - reader.offset) throw new DeltaError("it ends too early");
    take(operations.subarray(reader.offset, reader.offset + inserted));
    reader.offset += inserted;
  }
  const state = new Uint8Array(count);
  let offset = 0;
  for (const piece of pieces) {
    state.set(piece, offset);
    offset += piece.length;
  }
  return state;
}

/** Reads numbers of seven bits to a byte, the lowest first. */
class NumberReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.offset = 0;
  }

  read() {
    let value = 0;
    for (let scale = 1, byte = 0x80; byte & 0x80; scale *= 128) {
      if (this.offset >= this.bytes.length) throw new DeltaError("it ends too early");
      byte = this.bytes[this.offset++];
      value += (byte & 0x7f) * scale;
      // 2^53 takes eight bytes.
      if (scale > 2 ** 49 || value > Number.MAX_SAFE_INTEGER || (byte === 0 && scale > 1)) throw new DeltaError("that is no number");
    }
    return value;
  }

  /** 0, 1, 2, 3, … are 0, −1, 1, −2, … */
  readSigned() {
    const number = this.read();
    return number % 2 ? -(number + 1) / 2 : number / 2;
  }
}
