// The entities in view: frames in, entities out.

import { BitReader, ReplicaError } from "./bits.js";
import { Emitter } from "./emitter.js";
import { EntityLayout, headOf } from "./schema.js";
import { ViewHash } from "./viewhash.js";

export { ReplicaError };

const ENTITIES_MAXIMUM = 65_536;
/** Views kept besides the one that the server packs against: as many as a server remembers. */
const VIEWS_MAXIMUM = 32;
const SLOT_LIMIT = 2 ** 24;
const EMPTY = { tick: 0, slots: new Uint32Array(0), words: new Uint32Array(0), owned: [] };

/**
 * Applies state frames (docs/protocol/replication.md) and says what came, changed and went: events `enter`, `change` and `leave`, each with the
 * entity.
 *
 * A frame leads from a view that was acknowledged to a newer one, so frames may be lost or late. Entities are plain objects that never
 * change: `entities` is another Map after each frame, in which only what changed is new.
 */
export class Replica extends Emitter {
  #layout;
  /** Rising ticks; the last is the present. A view: { tick, slots, words, owned }. */
  #views = [];
  /** What `entities` shows: a view, and its entities in the order of their slots. */
  #shown = { view: EMPTY, entities: [] };

  constructor(schema) {
    super();
    this.schema = schema;
    this.#layout = new EntityLayout(schema);
    /** The entities in view by id. */
    this.entities = new Map();
    /** Set when only a keyframe helps; until one is applied. */
    this.needsKeyframe = true;
  }

  /** The tick of the present; 0 before the first frame. */
  get tick() { return this.#views.at(-1)?.tick ?? 0; }

  /** The entities that belong to this client. */
  get owned() { return [...this.entities.values()].filter((entity) => entity.isOwned); }

  /**
   * The hash of what is in view, 16 hexadecimal digits: the server compares it with what it knows (docs/protocol/replication.md, "Hash"). It
   * costs as much as all entities in view.
   */
  hash() {
    const hash = new ViewHash();
    const view = this.#views.at(-1);
    let owned = 0;   // Rising, as the slots are.
    view?.slots.forEach((slot, place) => {
      const isOwned = view.owned[owned] === slot;
      if (isOwned) owned += 1;
      hash.combine(this.#layout, slot, view.words, place * this.#layout.stride, isOwned);
    });
    return hash.text;
  }

  /**
   * Applies a message of the type `entities`. Says whether it is the present now: false for a frame that is not newer, or whose base is
   * missing. Throws `ReplicaError`, changing nothing, for what no server sends.
   */
  apply({ tick, base_age: baseAge, body }) {
    if (tick <= this.tick) return false;
    const base = baseAge ? this.#views.find((view) => view.tick === tick - baseAge) : null;
    if (base === undefined) {
      this.needsKeyframe = true;
      return false;
    }
    let view;
    try {
      view = this.#read(new BitReader(body), base, tick);
    } catch (error) {
      this.needsKeyframe = true;
      throw error;
    }
    this.needsKeyframe = false;
    this.#keep(view, base);
    this.#show(view);
    return true;
  }

  #keep(view, base) {
    // The server never goes back behind what it packs against.
    if (base) this.#views.splice(0, this.#views.indexOf(base));
    this.#views.push(view);
    // The first is the one packed against; of the others the server has forgotten the oldest.
    if (this.#views.length > VIEWS_MAXIMUM + 1) this.#views.splice(1, 1);
  }

  #show(view) {
    const former = this.#shown, left = this.entities;
    const shown = { view, entities: [] };
    const present = new Map(), events = [];
    const { stride } = this.#layout;
    // Slots rise in all three: one walk.
    let old = 0, owned = 0;
    for (let place = 0; place < view.slots.length; place++) {
      const slot = view.slots[place];
      while (former.view.slots[old] < slot) old++;
      while (view.owned[owned] < slot) owned++;
      const isOwned = view.owned[owned] === slot;
      const known = former.view.slots[old] === slot ? former.entities[old] : undefined;
      let entity = known;
      if (!known || known.isOwned !== isOwned || !haveSameWords(view.words, place * stride, former.view.words, old * stride, stride)) {
        entity = this.#layout.entity(slot, view.words, place * stride, isOwned);
        const isKnown = known?.id === entity.id;
        if (isKnown && isEqual(known, entity)) entity = known;
        else events.push([isKnown ? "change" : "enter", entity]);
      }
      shown.entities.push(entity);
      present.set(entity.id, entity);
    }
    this.#shown = shown;
    this.entities = present;
    for (const [id, entity] of left) if (!present.has(id)) this.emit("leave", entity);
    for (const [name, entity] of events) this.emit(name, entity);
  }

  // The order of a body: what leaves, what changes, what is sent whole; then, for this client alone, what its own entities know.

  #read(reader, base, tick) {
    const view = this.#readLeaves(reader, base, tick);
    this.#readChanges(reader, view);
    this.#readWhole(reader, base, view);
    reader.alignToByte();
    this.#readOwned(reader, base, view);
    return view;
  }

  /** What stays of the base. */
  #readLeaves(reader, base, tick) {
    const leaves = reader.readNumber();
    const count = base?.slots.length ?? 0;
    if (leaves > count) throw new ReplicaError("more leave than were there");
    if (!base) return { tick, slots: new Uint32Array(0), words: new Uint32Array(0), owned: [] };
    const { stride } = this.#layout;
    const view = { tick, slots: new Uint32Array(count - leaves), words: new Uint32Array((count - leaves) * stride), owned: [] };
    let next = 0, end = 0;
    const copy = (place) => {
      view.slots.set(base.slots.subarray(next, place), end);
      view.words.set(base.words.subarray(next * stride, place * stride), end * stride);
      end += place - next;
    };
    for (let leave = 0; leave < leaves; leave++) {
      const place = next + reader.readNumber();
      // Behind each of the others that leave there is at least one place.
      if (place >= count - (leaves - 1 - leave)) throw new ReplicaError("something leaves that was not there");
      copy(place);
      next = place + 1;
    }
    copy(count);
    return view;
  }

  #readChanges(reader, view) {
    for (let place = 0; place < view.slots.length; place++) {
      place += reader.readNumber();
      if (place > view.slots.length) throw new ReplicaError("a change of what is not there");
      if (place === view.slots.length) return;
      this.#readChange(reader, view.words, place * this.#layout.stride);
    }
  }

  #readChange(reader, words, start) {
    const { open } = this.#layout.types[words[start] >>> 16];
    const hasMoved = reader.readBit();
    if (hasMoved) this.#readMove(reader, words, start);
    const hasFields = open.length > 0 && reader.readBit();
    if (hasFields) readFields(reader, open, words, start);
    if (!hasMoved && !hasFields) throw new ReplicaError("a change without a change");
  }

  #readMove(reader, words, start) {
    const choice = reader.read(2);
    this.#layout.axes.forEach(({ bits, mask }, axis) => {
      const word = start + 1 + axis;
      if (choice === 3) words[word] = reader.read(bits);
      else words[word] = (words[word] + reader.readSigned(this.#layout.differenceBits[choice])) & mask;
    });
  }

  #readWhole(reader, base, view) {
    const count = reader.readNumber();
    if (!count) return;
    if (count > ENTITIES_MAXIMUM) throw new ReplicaError("too many entities");
    if (count > reader.remaining / 10) throw new ReplicaError("the frame ends too early");
    const { stride } = this.#layout;
    const slots = new Uint32Array(count), words = new Uint32Array(count * stride);
    for (let place = 0, slot = 0; place < count; place++, slot++) {
      slot += reader.readNumber();
      if (slot >= SLOT_LIMIT) throw new ReplicaError("a slot of more than 24 bits");
      slots[place] = slot;
      this.#readState(reader, words, place * stride);
    }
    this.#merge({ slots, words }, view, base);
    if (view.slots.length > ENTITIES_MAXIMUM) throw new ReplicaError("too many entities");
  }

  #readState(reader, words, start) {
    const type = reader.read(this.#layout.typeBits);
    if (type >= this.#layout.types.length) throw new ReplicaError("a type that the schema does not have");
    words[start] = headOf(type, reader.read(8));
    this.#layout.axes.forEach(({ bits }, axis) => { words[start + 1 + axis] = reader.read(bits); });
    for (const field of this.#layout.types[type].open) words[start + field.word] = reader.read(field.bits);
  }

  /** Puts what came whole among the rest, or in its place. */
  #merge(added, view, base) {
    const { stride, types } = this.#layout;
    const slots = [], words = [];
    const own = base?.owned ?? [];
    let old = 0, owned = 0;
    const keep = (limit) => {
      for (; old < view.slots.length && view.slots[old] < limit; old++) {
        slots.push(view.slots[old]);
        words.push(view.words.subarray(old * stride, (old + 1) * stride));
      }
    };
    added.slots.forEach((slot, place) => {
      keep(slot);
      const state = added.words.subarray(place * stride, (place + 1) * stride);
      if (view.slots[old] === slot) {
        // The same entity anew: what its owner knows comes by another way.
        while (own[owned] < slot) owned++;
        if (own[owned] === slot && view.words[old * stride] === state[0]) {
          for (const { word } of types[state[0] >>> 16].owned) state[word] = view.words[old * stride + word];
        }
        old += 1;
      }
      slots.push(slot);
      words.push(state);
    });
    keep(Infinity);
    view.slots = Uint32Array.from(slots);
    view.words = new Uint32Array(slots.length * stride);
    words.forEach((state, place) => view.words.set(state, place * stride));
  }

  #readOwned(reader, base, view) {
    const former = base?.owned ?? [];
    if (reader.remaining > 0 && !reader.readBit()) {
      for (const slot of former) this.#forgetOwned(slot, view);
      this.#readOwnedAnew(reader, view);
    } else {
      view.owned = former.filter((slot) => placeOf(slot, view) >= 0);
      if (reader.remaining > 0) {
        for (const slot of view.owned) if (reader.readBit()) this.#readOwnedChange(reader, view, placeOf(slot, view));
      }
    }
    reader.alignToByte();
    if (reader.remaining > 0) throw new ReplicaError("bytes behind the end");
  }

  #readOwnedAnew(reader, view) {
    const count = reader.readNumber();
    if (count > view.slots.length) throw new ReplicaError("more are owned than are in view");
    for (let owned = 0, slot = 0; owned < count; owned++, slot++) {
      slot += reader.readNumber();
      const place = placeOf(slot, view);
      if (place < 0) throw new ReplicaError("something is owned that is not in view");
      view.owned.push(slot);
      const start = place * this.#layout.stride;
      for (const field of this.#layout.types[view.words[start] >>> 16].owned) view.words[start + field.word] = reader.read(field.bits);
    }
  }

  #readOwnedChange(reader, view, place) {
    const start = place * this.#layout.stride;
    const { owned } = this.#layout.types[view.words[start] >>> 16];
    if (!owned.length) throw new ReplicaError("a change of an entity without owner-only fields");
    readFields(reader, owned, view.words, start);
  }

  /** Nobody else's owner-only fields are kept. */
  #forgetOwned(slot, view) {
    const place = placeOf(slot, view);
    if (place < 0) return;
    const start = place * this.#layout.stride;
    for (const { word } of this.#layout.types[view.words[start] >>> 16].owned) view.words[start + word] = 0;
  }
}

function haveSameWords(left, start, right, other, count) {
  for (let word = 0; word < count; word++) if (left[start + word] !== right[other + word]) return false;
  return true;
}

function readFields(reader, fields, words, start) {
  let mask = reader.read(fields.length);
  if (!mask) throw new ReplicaError("a mask without a field");
  for (const field of fields) {
    const isChanged = mask & 1;
    mask = mask >>> 1;
    if (!isChanged) continue;
    const word = start + field.word;
    if (field.isBool) words[word] ^= 1;
    else if (!field.differenceBits || reader.readBit()) words[word] = reader.read(field.bits);
    else words[word] = (words[word] + reader.readSigned(field.differenceBits)) & field.mask;
  }
}

/** Where a slot stands among the rising ones of a view; -1 when it is not there. */
function placeOf(slot, view) {
  let low = 0, high = view.slots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (view.slots[middle] < slot) low = middle + 1;
    else high = middle;
  }
  return view.slots[low] === slot ? low : -1;
}

function isEqual(known, entity) {
  const keys = Object.keys(entity);
  return keys.length === Object.keys(known).length && keys.every((key) => known[key] === entity[key]);
}
