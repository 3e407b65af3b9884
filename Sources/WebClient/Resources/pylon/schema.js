// What the entities of a world consist of, as its hello says, laid out for reading frames.

import { ReplicaError } from "./bits.js";

const VERSION = 1;

/** Fields as the packer sees them: an entity is a head, then the axes, then its fields, one word of 32 bits each. */
export class EntityLayout {
  constructor(schema) {
    if (schema?.version !== VERSION) throw new ReplicaError(`a schema of version ${schema?.version} is not known here`);
    this.axes = schema.position.axes.map((axis) => ({ bits: axis.bits, mask: maskOf(axis.bits), value: numberReader(axis) }));
    this.differenceBits = schema.position.difference_bits;
    const first = 1 + this.axes.length;
    this.types = schema.types.map(({ name, fields }) => {
      const packed = fields.map((field, index) => packedField(field, first + index));
      const ownedMask = packed.reduce((mask, { isOwnerOnly }, index) => (isOwnerOnly ? mask | (1 << index) : mask), 0);
      return { name, open: packed.filter((field) => !field.isOwnerOnly), owned: packed.filter((field) => field.isOwnerOnly), fieldCount: packed.length, ownedMask };
    });
    this.typeBits = 32 - Math.clz32(this.types.length - 1);
    this.stride = first + Math.max(0, ...schema.types.map((type) => type.fields.length));
  }

  /** What an entity's words say, by names: `{ id, type, isOwned, x, y, z, …fields }`. */
  entity(slot, words, start, isOwned) {
    const head = words[start];
    const type = this.types[head >>> 16];
    const entity = { id: idOf(slot, head), type: type.name, isOwned, x: 0, y: 0, z: 0 };
    for (let axis = 0; axis < this.axes.length; axis++) entity["xyz"[axis]] = this.axes[axis].value(words[start + 1 + axis]);
    for (const field of type.open) entity[field.name] = field.value(words[start + field.word]);
    if (isOwned) for (const field of type.owned) entity[field.name] = field.value(words[start + field.word]);
    return entity;
  }
}

/** Slots are used again, generations tell their users apart. */
export const idOf = (slot, head) => slot * 256 + ((head >>> 8) & 0xff);

export const headOf = (type, generation) => (1 | (generation << 8) | (type << 16)) >>> 0;

const maskOf = (bits) => 0xffffffff >>> (32 - bits);

function packedField(field, word) {
  const bits = field.kind === "bool" ? 1 : field.bits;
  return {
    name: field.name, word, bits, mask: maskOf(bits), isBool: field.kind === "bool", isOwnerOnly: field.owner_only === true,
    differenceBits: bits < 6 ? 0 : bits >> 1,   // Below 6 bits changes are sent whole.
    value: valueReader(field),
  };
}

function valueReader(field) {
  switch (field.kind) {
    case "bool": return (word) => word !== 0;
    case "unsigned": return (word) => word;
    case "signed": return (word) => (word << (32 - field.bits)) >> (32 - field.bits);
    case "float": return numberReader(field);
    default: throw new ReplicaError(`a field of the kind "${field.kind}" is not known here`);
  }
}

/** Evenly spaced places, the first at `min` and the last at `max`. */
function numberReader({ min, max, bits }) {
  const last = maskOf(bits), step = (max - min) / last;
  return (word) => (word === last ? max : min + word * step);
}
