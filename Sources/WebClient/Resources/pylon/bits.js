// Numbers packed bit by bit, the lowest bit of a byte first (docs/protocol/replication.md).

/** A frame that cannot be what a server sent. */
export class ReplicaError extends Error {
  name = "ReplicaError";
}

/** Reads what the server packed; every read is checked. */
export class BitReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.position = 0;
  }

  /** The bits not yet read. */
  get remaining() { return this.bytes.length * 8 - this.position; }

  /** Reads 0 to 32 bits. */
  read(length) {
    if (length > this.remaining) throw new ReplicaError("the frame ends too early");
    let value = 0;
    for (let have = 0; have < length;) {
      const shift = this.position & 7;
      const taken = Math.min(8 - shift, length - have);
      // Multiplied, not shifted: the 32nd bit is no sign here.
      value += ((this.bytes[this.position >> 3] >> shift) & ((1 << taken) - 1)) * 2 ** have;
      have += taken;
      this.position += taken;
    }
    return value;
  }

  readBit() { return this.read(1) !== 0; }

  /** Reads a number in two's complement. */
  readSigned(bits) { return (this.read(bits) << (32 - bits)) >> (32 - bits); }

  /** Reads a count or a gap: small ones are short. */
  readNumber() {
    if (!this.readBit()) return 0;
    if (!this.readBit()) return 1 + this.read(3);
    if (!this.readBit()) return 9 + this.read(6);
    if (!this.readBit()) return 73 + this.read(10);
    return 1097 + this.read(24);
  }

  /** Reads a number of seven bits a byte, the least significant first; at a byte's border. */
  readVarint() {
    let value = 0;
    for (let scale = 1, byte = 0x80; byte & 0x80; scale *= 128) {
      byte = this.read(8);
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new ReplicaError("a number is too large");
    }
    return value;
  }

  /** Goes to the next byte; what is passed over must be zeros. */
  alignToByte() {
    if (this.read((8 - (this.position & 7)) & 7) !== 0) throw new ReplicaError("bits that should be 0 are not");
  }
}
