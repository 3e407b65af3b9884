// The hash by which a server and a client notice that they show different things (docs/protocol/replication.md).

/** FNV-1a of 64 bits over words of 32, each as four bytes, the lowest first. */
export class ViewHash {
  // In two halves: numbers here hold 53 bits.
  #high = 0xcbf29ce4;
  #low = 0x84222325;

  /** Combines the entity whose words begin at `start`; owner-only fields count for its owner alone. */
  combine(layout, slot, words, start, isOwned) {
    const head = words[start];
    const { fieldCount, ownedMask } = layout.types[head >>> 16];
    this.#word(slot * 256 + ((head >>> 8) & 0xff));
    this.#word((head >>> 16) * 2 + (isOwned ? 1 : 0));
    const first = 1 + layout.axes.length;
    for (let word = 1; word < first; word++) this.#word(words[start + word]);
    for (let field = 0; field < fieldCount; field++) {
      const isSecret = !isOwned && (ownedMask >>> field) & 1;
      this.#word(isSecret ? 0 : words[start + first + field]);
    }
  }

  /** 16 hexadecimal digits. */
  get text() { return [this.#high, this.#low].map((half) => half.toString(16).padStart(8, "0")).join(""); }

  #word(word) {
    let high = this.#high, low = this.#low;
    for (let shift = 0; shift < 32; shift += 8) {
      const mixed = (low ^ ((word >>> shift) & 0xff)) >>> 0;
      // Times 2^40 + 0x1b3, modulo 2^64.
      const product = mixed * 0x1b3;
      low = product >>> 0;
      high = (Math.imul(high, 0x1b3) + (product - low) / 2 ** 32 + (mixed << 8)) >>> 0;
    }
    this.#high = high;
    this.#low = low;
  }
}
