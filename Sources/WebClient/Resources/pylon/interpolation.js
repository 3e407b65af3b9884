// Showing a moment a little in the past, between two states that are both known.

const CAPACITY = 64;
/** Corrections of the shown tick smaller than this many ticks are worn away unnoticed; larger ones are jumped over. */
const JUMP_TICKS = 6;
const CORRECTION_MS = 400;

/**
 * Keeps the newest states by tick and moves a shown tick along evenly, however unevenly they arrive.
 *
 * The delay adapts: as long as the interval between states, and what arrivals stray from their schedule by on top.
 */
export class SnapshotBuffer {
  /** `tickMs` is the time between two ticks; `extrapolateMs` how long the last movement may go on when nothing comes. */
  constructor({ tickMs = 50, delayMs = null, delayMinimumMs = 0, delayMaximumMs = 500, extrapolateMs = 100 } = {}) {
    this.tickMs = tickMs;
    this.fixedDelayMs = delayMs;
    this.delayMinimumMs = delayMinimumMs;
    this.delayMaximumMs = delayMaximumMs;
    this.extrapolateMs = extrapolateMs;
    this.reset();
  }

  /** Forgets the states: the next may come from another run of the shard. */
  reset() {
    this.states = [];
    this.shownTick = null;
    this.strayMs = 0;
    this.schedule = null;   // When tick 0 would have arrived, by the arrivals so far.
  }

  get latest() { return this.states.at(-1) ?? null; }

  /** How far in the past the shown moment lies. */
  get delayMs() {
    if (this.fixedDelayMs !== null) return this.fixedDelayMs;
    const interval = this.intervalTicks * this.tickMs;
    return Math.min(this.delayMaximumMs, Math.max(this.delayMinimumMs, interval * 1.25 + this.strayMs * 2));
  }

  get intervalTicks() {
    const count = this.states.length;
    return count < 2 ? 1 : (this.states[count - 1].tick - this.states[0].tick) / (count - 1);
  }

  /** Takes in a state that arrived at `now`. Older ones than the newest are of no use and are left out. */
  push(tick, state, now) {
    const latest = this.latest;
    if (latest && tick <= latest.tick) return false;
    this.states.push({ tick, state, now });
    if (this.states.length > CAPACITY) this.states.shift();
    const origin = now - tick * this.tickMs;
    if (this.schedule === null) this.schedule = origin;
    const stray = origin - this.schedule;
    this.strayMs += (Math.abs(stray) - this.strayMs) / 16;
    this.schedule += stray / (stray < 0 ? 4 : 64);   // The earliest arrivals tell the truth; late ones tell of queues.
    return true;
  }

  /**
   * Moves the shown moment on by `elapsedMs` and returns what is around it: `{ before, after, fraction, tick }`, null before the first
   * state. `fraction` is above 1 while the newest movement is carried on.
   */
  advance(now, elapsedMs) {
    const latest = this.latest;
    if (!latest) return null;
    const due = (now - this.schedule - this.delayMs) / this.tickMs;
    const step = elapsedMs / this.tickMs;
    const error = this.shownTick === null ? Infinity : due - this.shownTick - step;
    if (Math.abs(error) > JUMP_TICKS) this.shownTick = due;
    else this.shownTick += step + error * Math.min(1, elapsedMs / CORRECTION_MS);
    const last = latest.tick + this.extrapolateMs / this.tickMs;
    return this.around(Math.min(this.shownTick, last));
  }

  /** The states around a tick. */
  around(tick) {
    const states = this.states;
    if (!states.length) return null;
    let index = states.length - 1;
    while (index > 0 && states[index].tick > tick) index -= 1;
    let before = states[index], after = states[index + 1];
    if (!after && index > 0) { before = states[index - 1]; after = states[index]; }   // Carry the last movement on.
    after ??= before;
    const span = after.tick - before.tick;
    const fraction = span ? Math.max(0, (tick - before.tick) / span) : 0;
    return { before: before.state, after: after.state, beforeTick: before.tick, afterTick: after.tick, fraction, tick };
  }
}

/** `a` to `b` by `fraction`. */
export const mix = (a, b, fraction) => a + (b - a) * fraction;

/** As `mix` on a circle of `turn`, the short way round. */
export function mixAngle(a, b, fraction, turn = Math.PI * 2) {
  const way = ((((b - a) % turn) + turn * 1.5) % turn) - turn / 2;
  return a + way * fraction;
}
