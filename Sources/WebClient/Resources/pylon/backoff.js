// How long to wait before trying again.

/**
 * Exponential with equal jitter: half of a growing ceiling, and up to as much again by chance, so that a server that comes back is not
 * met by everyone at once. A stream counts as healthy, and the next wait is short again, only when it has lived for a while.
 */
export class Backoff {
  constructor({ minimumMs = 500, maximumMs = 10_000, healthyMs = 5_000, random = Math.random } = {}) {
    this.minimumMs = minimumMs;
    this.maximumMs = maximumMs;
    this.healthyMs = healthyMs;
    this.random = random;
    this.failures = 0;
  }

  /** The wait after a stream that lived `livedMs`; a server that asked for `retryAfterMs` is left alone for as long at least. */
  next(livedMs, retryAfterMs = 0) {
    if (livedMs >= this.healthyMs) this.failures = 0;
    const ceiling = Math.min(this.maximumMs, this.minimumMs * 2 ** Math.min(this.failures, 16));
    this.failures += 1;
    return Math.max(retryAfterMs, ceiling * (0.5 + this.random() / 2));
  }
}
