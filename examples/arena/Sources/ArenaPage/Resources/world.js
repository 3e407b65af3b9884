// What the page knows of the zone: the last snapshots, and the moment between two of them that is on screen.

const DELAY_MS = 100;            // Shown this far in the past, so that the next snapshot is usually there already.
const HISTORY = 30;              // Snapshots kept; a hidden tab forgets the rest.
const TELEPORT = 220;            // Pixels between two snapshots: further was not walked.
export const SHOT_SPEED = 720;   // Pixels per second, as the zone has it; likewise the next two.
const PLAYER_SPEED = 270, PLAYER_ACCELERATION = 1350, PLAYER_RADIUS = 16;
export const TURN = Math.PI * 2;

/** 1/1,024 turns to radians. */
const radians = (heading) => heading * TURN / 1024;
const mix = (a, b, t) => a + (b - a) * t;
const mixAngle = (a, b, t) => a + ((((b - a) % TURN) + TURN * 1.5) % TURN - Math.PI) * t;

export class World {
  constructor() {
    this.sid = null;
    this.reset();
  }

  /** Forgets everything: the next frame may come from another run of the shard. */
  reset() {
    this.frames = [];
    this.zone = null;
    this.roster = new Map();       // number → { number, sid, name, colour }
    this.ownNumber = null;
    this.tickMs = 50;
    this.shownTick = null;
    this.own = null;               // Predicted: { x, y, vx, vy }
    this.lookAngles = new Float32Array(0);
    this.ages = new Float32Array(0);
  }

  get latest() { return this.frames.at(-1) ?? null; }

  /** Takes in a snapshot. */
  accept(tick, state, now) {
    const latest = this.latest;
    if (latest && tick <= latest.tick) {
      if (tick > latest.tick - 100) return;
      this.reset();   // The shard began anew.
    }
    if (state.zone) this.zone = state.zone;
    if (state.roster) this.readRoster(state.roster);
    const players = new Map();
    for (const [number, x, y, heading, health, flags, score, ack] of state.players) {
      players.set(number, { number, x, y, angle: radians(heading), health, shielded: !!(flags & 1), down: !!(flags & 2), score, ack });
    }
    this.frames.push({ tick, at: now, players, wanderers: state.wanderers, shots: state.shots, events: state.events, leaders: state.leaders, fresh: true, told: false });
    if (this.frames.length > HISTORY) this.frames.shift();
    this.measureTick();
  }

  readRoster(roster) {
    this.roster.clear();
    this.ownNumber = null;
    for (const [number, sid, name, colour] of roster) {
      this.roster.set(number, { number, sid, name, colour });
      if (sid === this.sid) this.ownNumber = number;
    }
  }

  measureTick() {
    const first = this.frames[0], last = this.latest;
    if (last.tick - first.tick < 8) return;
    const measured = (last.at - first.at) / (last.tick - first.tick);
    this.tickMs = mix(this.tickMs, Math.min(1000, Math.max(1, measured)), 0.05);
  }

  /** The snapshot's row about ourselves, as new as we have it. */
  get ownRow() { return this.latest?.players.get(this.ownNumber) ?? null; }

  /** Moves the shown moment on by `elapsed` ms and returns the scene at it, or null before the first snapshot. */
  advance(now, elapsed, move, latencyMs) {
    const latest = this.latest;
    if (!latest || !this.zone) return null;
    const due = latest.tick + Math.min(4, (now - latest.at) / this.tickMs) - Math.max(1.2, DELAY_MS / this.tickMs);
    const error = this.shownTick === null ? Infinity : due - this.shownTick - elapsed / this.tickMs;
    // Small errors are worn away unnoticed, large ones (a hidden tab, a stall) are jumped over.
    this.shownTick = Math.abs(error) > 6 ? due : this.shownTick + elapsed / this.tickMs + error * Math.min(1, elapsed / 400);
    const [before, after, t] = this.bracket();
    this.predictOwn(elapsed / 1000, now, move, latencyMs);
    return {
      players: this.mixPlayers(before, after, t),
      wanderers: this.mixWanderers(before, after, t, elapsed / 1000),
      shots: this.flyShots(before, now, latencyMs),
      events: this.dueEvents(),
    };
  }

  /** The two snapshots around the shown tick and how far it lies between them. */
  bracket() {
    let index = this.frames.length - 1;
    while (index > 0 && this.frames[index].tick > this.shownTick) index--;
    const before = this.frames[index], after = this.frames[index + 1] ?? before;
    const span = after.tick - before.tick;
    return [before, after, span ? Math.min(1, Math.max(0, (this.shownTick - before.tick) / span)) : 0];
  }

  mixPlayers(before, after, t) {
    const shown = [];
    for (const b of after.players.values()) {
      const a = before.players.get(b.number) ?? b;
      const jumped = Math.hypot(b.x - a.x, b.y - a.y) > TELEPORT;
      const who = this.roster.get(b.number);
      const player = {
        ...b, name: who?.name ?? "", colour: who?.colour ?? b.number % 8, own: b.number === this.ownNumber,
        x: jumped ? b.x : mix(a.x, b.x, t), y: jumped ? b.y : mix(a.y, b.y, t), angle: mixAngle(a.angle, b.angle, t),
      };
      if (player.own && this.own) { player.x = this.own.x; player.y = this.own.y; }
      shown.push(player);
    }
    return shown;
  }

  mixWanderers(before, after, t, seconds) {
    const from = before.wanderers, to = after.wanderers, count = to.length / 2;
    if (this.ages.length !== count) {
      this.lookAngles = new Float32Array(count);
      this.ages = new Float32Array(count).fill(1);
    }
    const shown = [];
    const [drifters, darters] = this.zone.kinds;
    for (let i = 0; i < count; i++) {
      const ax = from[2 * i], ay = from[2 * i + 1], bx = to[2 * i], by = to[2 * i + 1];
      if (ax < 0) { this.ages[i] = 0; continue; }
      this.ages[i] = Math.min(1, this.ages[i] + seconds * 2);
      const stays = bx < 0 || Math.hypot(bx - ax, by - ay) > TELEPORT;
      const dx = stays ? 0 : bx - ax, dy = stays ? 0 : by - ay;
      if (dx || dy) this.lookAngles[i] = mixAngle(this.lookAngles[i], Math.atan2(dy, dx), Math.min(1, seconds * 7));
      const kind = i < drifters ? 0 : i < drifters + darters ? 1 : 2;
      shown.push({ index: i, kind, x: ax + dx * t, y: ay + dy * t, angle: this.lookAngles[i], age: this.ages[i] });
    }
    return shown;
  }

  /** Shots fly straight, so one snapshot is enough. Our own are shown as far ahead as our own ship is. */
  flyShots(before, now, latencyMs) {
    const shown = [];
    const past = (this.shownTick - before.tick) * this.tickMs / 1000;
    const add = (shots, own, seconds) => {
      for (let i = 0; i < shots.length; i += 4) {
        if ((shots[i + 3] === this.ownNumber) !== own) continue;
        const angle = radians(shots[i + 2]), way = SHOT_SPEED * seconds;
        const who = this.roster.get(shots[i + 3]);
        shown.push({ x: shots[i] + Math.cos(angle) * way, y: shots[i + 1] + Math.sin(angle) * way, angle, colour: who?.colour ?? 0 });
      }
    };
    add(before.shots, false, Math.min(0.1, Math.max(0, past)));
    add(this.latest.shots, true, this.ahead(now, latencyMs));
    return shown;
  }

  /** Events whose moment has come, each once: [{ kind, x, y, player, value }]. */
  dueEvents() {
    const due = [];
    for (const frame of this.frames) {
      const { fresh, told } = frame;
      if (told || (!fresh && frame.tick > this.shownTick + 0.5)) continue;
      frame.fresh = false;
      frame.told = frame.tick <= this.shownTick + 0.5;
      if (frame.tick < this.shownTick - 20) continue;   // Old news after a pause.
      const list = frame.events;
      for (let i = 0; i < list.length; i += 5) {
        // What we hit is shown as soon as we hear of it, the rest when its moment comes on screen.
        const own = list[i + 3] === this.ownNumber;
        if (own ? !fresh : !frame.told) continue;
        due.push({ kind: list[i], x: list[i + 1], y: list[i + 2], player: list[i + 3], value: list[i + 4] });
      }
    }
    return due;
  }

  /** Seconds from the latest snapshot to the moment in which the zone will see the keys pressed now. */
  ahead(now, latencyMs) { return Math.min(0.25, (now - this.latest.at + latencyMs) / 1000); }

  /** Our own ship answers the keys at once; the difference to what the zone says is worn away. */
  predictOwn(seconds, now, move, latencyMs) {
    const row = this.ownRow;
    if (!row || row.down) { this.own = null; return; }
    this.own ??= { x: row.x, y: row.y, vx: 0, vy: 0 };
    const own = this.own;
    const dvx = move.x * PLAYER_SPEED - own.vx, dvy = move.y * PLAYER_SPEED - own.vy;
    const share = Math.min(1, PLAYER_ACCELERATION * seconds / (Math.hypot(dvx, dvy) || 1));
    own.vx += dvx * share;
    own.vy += dvy * share;
    own.x += own.vx * seconds;
    own.y += own.vy * seconds;
    // The zone will see our keys one latency after it made the latest snapshot; compare with where that leads.
    const ahead = this.ahead(now, latencyMs);
    const errorX = row.x + own.vx * ahead - own.x, errorY = row.y + own.vy * ahead - own.y;
    const pull = Math.hypot(errorX, errorY) > TELEPORT ? 1 : Math.min(1, seconds * 4);
    own.x = this.clampX(own.x + errorX * pull);
    own.y = this.clampY(own.y + errorY * pull);
  }

  clampX(x) { return Math.min(this.zone.width - PLAYER_RADIUS, Math.max(PLAYER_RADIUS, x)); }
  clampY(y) { return Math.min(this.zone.height - PLAYER_RADIUS, Math.max(PLAYER_RADIUS, y)); }
}
