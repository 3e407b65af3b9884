// One's own figure answers at once; what the server says of it later is taken over without a jerk.

/** Inputs kept for being applied again: ten seconds of 60 a second. */
const PENDING_MAXIMUM = 600;

/**
 * Client-side prediction with server reconciliation.
 *
 * `apply(state, input)` returns the state after one input, the same arithmetic as the simulation's. Every input is applied at once and
 * kept until the server has acknowledged it; each authoritative state is then the start from which the inputs that it does not
 * contain yet are applied again. What that differs from what was shown is worn away over `smoothMs`, or jumped over beyond `snapDistance`.
 */
export class Predictor {
  constructor({ apply, difference = differenceOfNumbers, add = addNumbers, smoothMs = 100, snapDistance = Infinity }) {
    this.apply = apply;
    this.difference = difference;
    this.add = add;
    this.smoothMs = smoothMs;
    this.snapDistance = snapDistance;
    this.reset();
  }

  /** Forgets the figure and its inputs. */
  reset() {
    this.state = null;
    this.pending = [];
    this.error = null;
    /** How far the last authoritative state was from what had been predicted for it. */
    this.correction = 0;
  }

  /** Applies an input of one's own that was sent as `sequence`. */
  predict(input, sequence) {
    this.pending.push({ input, sequence });
    if (this.pending.length > PENDING_MAXIMUM) this.pending.shift();
    if (this.state !== null) this.state = this.apply(this.state, input);
    return this.state;
  }

  /** Takes over an authoritative state that contains every input up to `acknowledged`. */
  reconcile(authoritative, acknowledged) {
    const shown = this.state === null ? null : this.shown();
    this.pending = this.pending.filter(({ sequence }) => sequence > acknowledged);
    let state = authoritative;
    for (const { input } of this.pending) state = this.apply(state, input);
    this.correction = this.state === null ? 0 : magnitude(this.difference(this.state, state));
    this.state = state;
    this.error = shown === null ? null : this.difference(shown, state);
    if (this.error && magnitude(this.error) > this.snapDistance) this.error = null;
    return state;
  }

  /** Forgets an input that the server refused. */
  refuse(sequence) {
    this.pending = this.pending.filter((pending) => pending.sequence !== sequence);
  }

  /** Lets the shown state come closer to the predicted one. */
  advance(elapsedMs) {
    if (!this.error) return;
    const rest = Math.exp(-elapsedMs / this.smoothMs * 3);   // 5% after `smoothMs`.
    for (const key of Object.keys(this.error)) this.error[key] *= rest;
    if (magnitude(this.error) < 1e-3) this.error = null;
  }

  /** What to draw; null before the first authoritative state. */
  shown() {
    return this.state === null || !this.error ? this.state : this.add(this.state, this.error);
  }
}

/** Member by member, of those that are numbers in both. */
function differenceOfNumbers(from, to) {
  const difference = {};
  for (const key of Object.keys(to)) {
    if (typeof to[key] === "number" && typeof from[key] === "number") difference[key] = from[key] - to[key];
  }
  return difference;
}

function addNumbers(state, difference) {
  const sum = { ...state };
  for (const key of Object.keys(difference)) sum[key] += difference[key];
  return sum;
}

function magnitude(difference) {
  let sum = 0;
  for (const key of Object.keys(difference)) sum += difference[key] ** 2;
  return Math.sqrt(sum);
}
