// The server's clock, and the tick it is at, as seen from here.

const SAMPLES = 16;

/**
 * Round-trip time and clock offset from pings (the algorithm of NTP, RFC 5905 section 8, with the server's turnaround taken as
 * nothing): the sample with the shortest round trip is the one that queues have falsified least, so its offset counts.
 */
export class ServerClock {
  constructor({ now = () => performance.now() } = {}) {
    this.now = now;
    this.reset();
  }

  /** Forgets everything: the next answers may come from another server. */
  reset() {
    this.samples = [];
    this.offsetMs = null;
    this.rttMs = null;
    this.jitterMs = 0;
    this.tickRateHz = 0;
    this.tickBase = null;
  }

  /** Takes in the answer to a ping that was sent at `clientMs`. */
  addSample({ clientMs, serverMs, tick, tickAgeMs = 0 }, receivedMs = this.now()) {
    const rttMs = Math.max(0, receivedMs - clientMs);
    if (this.rttMs !== null) this.jitterMs += (Math.abs(rttMs - this.rttMs) - this.jitterMs) / 16;
    this.samples.push({ rttMs, offsetMs: serverMs + rttMs / 2 - receivedMs });
    if (this.samples.length > SAMPLES) this.samples.shift();
    let best = this.samples[0];
    for (const sample of this.samples) if (sample.rttMs <= best.rttMs) best = sample;
    this.rttMs = best.rttMs;
    this.offsetMs = best.offsetMs;
    if (tick !== undefined) this.tickBase = { tick, serverMs: serverMs - tickAgeMs };
  }

  /** The server's monotonic time in milliseconds, null before the first answer. */
  serverMs(now = this.now()) { return this.offsetMs === null ? null : now + this.offsetMs; }

  /** The tick the server is at now, with its fraction; null where that is not known, as for event-driven shards. */
  tick(now = this.now()) {
    if (this.tickBase === null || this.offsetMs === null || !this.tickRateHz) return null;
    return this.tickBase.tick + (now + this.offsetMs - this.tickBase.serverMs) * this.tickRateHz / 1000;
  }

  /** The tick in which an input sent now will be applied, about. */
  arrivalTick(now = this.now()) {
    const tick = this.tick(now);
    return tick === null ? null : tick + this.rttMs / 2 * this.tickRateHz / 1000;
  }
}
