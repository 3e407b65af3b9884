// States of JSON as the server sends them to who takes deltas: now and then whole, else as what changed since one that was acknowledged.

/** States kept besides the one that the server's deltas lead from: as many as a server remembers. */
const STATES_MAXIMUM = 32;
/** A longer state is nothing that a server sends as a delta. */
const BYTES_MAXIMUM = 16 * 1024 * 1024;

/** A delta that cannot be what a server sent. */
export class DeltaError extends Error {
  name = "DeltaError";
}

/** The states that deltas may lead from, as bytes, in the order of their ticks. */
export class StateHistory {
  #states = [];

  /** Keeps a whole state. */
  keep(tick, json) {
    const known = this.#states.findIndex((state) => state.tick >= tick);
    // One comes again for who has asked for it.
    if (known >= 0) this.#states.splice(known);
    this.#states.push({ tick, json });
    // The first is the one that deltas lead from; of the others the server has forgotten the oldest.
    if (this.#states.length > STATES_MAXIMUM + 1) this.#states.splice(1, 1);
  }

  /**
   * The state that a message of the type `delta` leads to, as bytes, which is kept, too; null when the state is not here that it leads from. Throws
   * `DeltaError`, keeping nothing, for what no server sends.
   */
  apply({ tick, base_age: age, operations }) {
    const place = this.#states.findIndex((state) => state.tick === tick - age);
    if (place < 0) return null;
    const json = applyOperations(operations, this.#states[place].json);
    // The server never goes back behind what its deltas lead from.
    this.#states.splice(0, place);
    this.keep(tick, json);
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
      if (value > Number.MAX_SAFE_INTEGER || (byte === 0 && scale > 1)) throw new DeltaError("that is no number");
    }
    return value;
  }

  /** 0, 1, 2, 3, … are 0, −1, 1, −2, … */
  readSigned() {
    const number = this.read();
    return number % 2 ? -(number + 1) / 2 : number / 2;
  }
}
