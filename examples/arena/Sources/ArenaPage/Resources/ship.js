// Our own ship: it answers the keys at once, and the zone agrees later.
//
// The ship lives a little in the future: at the tick in which what is pressed now will reach the zone. Every input says for which tick it is
// meant, and the zone keeps it until then, so what was predicted for a tick is what happens in it, unless somebody bites.

import { Predictor } from "/pylon.js";

const SPEED = 270, ACCELERATION = 1350, RADIUS = 16;   // As the zone has them: pixels and seconds.
const MARGIN_TICKS = 1.5;      // How much sooner than just in time inputs arrive.
const STEPS_AT_ONCE = 20;      // More were missed by a hidden tab: start anew from what the zone says.
const TELEPORT = 220;          // Pixels that nobody flies in a tick.

export class Ship {
  constructor(clock) {
    this.clock = clock;
    /** How many steps behind the tick that an input names the zone applies it, as its hello says. */
    this.inputDelay = 0;
    this.reset();
  }

  /** Forgets the ship, which may be another after this. */
  reset() {
    this.tick = null;
    this.before = null;
    this.zone = null;
    this.predictor = new Predictor({ apply: (ship, move) => this.step(ship, move), smoothMs: 150, snapDistance: TELEPORT });
  }

  /** Whether the ship is there and the clock is good enough to steer it by. */
  get isPredicted() { return this.predictor.state !== null && this.tick !== null; }

  /** How far the zone last was from what had been predicted, in pixels. */
  get correction() { return this.predictor.correction; }

  /** Takes over what the zone says of the ship at `tick`. */
  reconcile(row, tick, zone) {
    this.zone = zone;
    if (row.down) return this.reset();
    this.predictor.reconcile({ x: row.x, y: row.y, vx: row.vx, vy: row.vy }, tick);
    this.tick ??= tick;
  }

  /** Moves on to the tick that inputs will reach; calls `send(tick)` before each step, so that the zone hears of what it is based on in time. */
  advance(now, elapsed, move, send) {
    const goal = this.clock.arrivalTick(now);
    if (goal === null || this.predictor.state === null) return;
    this.goal = goal + MARGIN_TICKS;
    const last = Math.floor(this.goal);
    if (last - this.tick > STEPS_AT_ONCE) this.tick = last - 1;
    while (this.tick < last) {
      this.tick += 1;
      send(this.inputDelay ? this.tick - this.inputDelay : undefined);
      this.before = this.predictor.shown();
      this.predictor.predict(move, this.tick);
    }
    this.predictor.advance(elapsed);
  }

  /** Where to draw it: between the last two steps. */
  shown() {
    const after = this.predictor.shown();
    if (!after || !this.before) return after;
    const share = Math.min(1, Math.max(0, this.goal - this.tick));
    const jumped = Math.hypot(after.x - this.before.x, after.y - this.before.y) > TELEPORT;
    if (jumped) return after;
    return { ...after, x: this.before.x + (after.x - this.before.x) * share, y: this.before.y + (after.y - this.before.y) * share };
  }

  /** One step of the zone's, in the same arithmetic (ArenaZone.travel). */
  step({ x, y, vx, vy }, move) {
    const seconds = 1 / (this.clock.tickRateHz || 20);
    const dvx = move.x * SPEED - vx, dvy = move.y * SPEED - vy;
    const change = Math.hypot(dvx, dvy), most = ACCELERATION * seconds;
    const share = change > most ? most / change : 1;
    vx += dvx * share;
    vy += dvy * share;
    const wantedX = x + vx * seconds, wantedY = y + vy * seconds;
    x = Math.min(this.zone.width - RADIUS, Math.max(RADIUS, wantedX));
    y = Math.min(this.zone.height - RADIUS, Math.max(RADIUS, wantedY));
    return { x, y, vx: x === wantedX ? vx : 0, vy: y === wantedY ? vy : 0 };
  }
}
