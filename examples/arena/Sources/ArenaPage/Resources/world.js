// What the page knows of the zone: its last states, and the moment between two of them that is on screen.

import { SnapshotBuffer, mix, mixAngle } from "/pylon.js";

const TELEPORT = 220;            // Pixels between two states: further was not walked.
const NEWS_MAXIMUM = 200;        // Told or not, older ones are forgotten.
export const SHOT_SPEED = 720;   // Pixels per second, as the zone has it.
export const TURN = Math.PI * 2;
const KINDS = ["drifter", "darter", "hunter"];

/** 1/1,024 turns to radians. */
const radians = (heading) => heading * TURN / 1024;

export class World {
  constructor() {
    this.sid = null;
    this.reset();
  }

  /** Forgets everything: the next state may come from another run of the shard. */
  reset() {
    this.buffer = new SnapshotBuffer();
    this.zone = null;
    this.roster = new Map();       // number → { number, sid, name, colour }
    this.leaders = [];             // [{ number, score }]
    this.news = [];
    this.ownNumber = null;
    this.looks = new Map();        // Of wanderers by id: { angle, age }.
  }

  /** The newest state, null before the first. */
  get latest() { return this.buffer.latest?.state ?? null; }

  get shownTick() { return this.buffer.shownTick; }

  /** Takes in the entities in view. */
  acceptEntities(tick, entities, now) {
    const state = emptyState(tick);
    for (const entity of entities.values()) {
      const kind = KINDS.indexOf(entity.type);
      if (kind >= 0) {
        state.wanderers.set(entity.id, { kind, x: entity.x, y: entity.y });
      } else if (entity.type === "player") {
        const { vx = 0, vy = 0 } = entity;   // Our own ship's alone, in 32nds of a pixel a second.
        state.players.set(entity.number, { ...entity, angle: radians(entity.aim), vx: vx / 32, vy: vy / 32 });
        if (entity.isOwned) this.ownNumber = entity.number;
      } else if (entity.type === "shot") {
        state.shots.push({ x: entity.x, y: entity.y, angle: radians(entity.aim), owner: entity.owner });
      }
    }
    this.buffer.push(tick, state, now);
  }

  /** Takes in a state as JSON, which is of the whole zone: what comes by server-sent events. */
  acceptJSON(tick, json, now) {
    const state = emptyState(tick);
    for (const [number, x, y, heading, health, flags, score] of json.players) {
      state.players.set(number, { number, x, y, vx: 0, vy: 0, angle: radians(heading), health, shielded: !!(flags & 1), down: !!(flags & 2), score });
    }
    const leaders = json.leaders.map((number) => [number, state.players.get(number)?.score ?? 0]);
    this.acceptNews({ tick, ...json, leaders });
    const [drifters, darters] = this.zone?.kinds ?? [0, 0];
    for (let i = 0; i < json.wanderers.length / 2; i++) {
      const x = json.wanderers[2 * i], y = json.wanderers[2 * i + 1];
      if (x >= 0) state.wanderers.set(i, { kind: i < drifters ? 0 : i < drifters + darters ? 1 : 2, x, y });
    }
    for (let i = 0; i < json.shots.length; i += 4) {
      state.shots.push({ x: json.shots[i], y: json.shots[i + 1], angle: radians(json.shots[i + 2]), owner: json.shots[i + 3] });
    }
    this.buffer.push(tick, state, now);
  }

  /** Takes in what everybody is told. */
  acceptNews({ tick, zone, roster, leaders, events }) {
    if (zone) this.zone = zone;
    if (roster) this.readRoster(roster);
    if (leaders) this.leaders = leaders.map(([number, score]) => ({ number, score }));
    // A state as JSON tells them, too.
    const isKnown = this.news.some((item) => item.tick === tick);
    if (events?.length && !isKnown) this.news.push({ tick, events, isFresh: true, isTold: false });
    if (this.news.length > NEWS_MAXIMUM) this.news.shift();
  }

  readRoster(roster) {
    this.roster.clear();
    for (const [number, sid, name, colour] of roster) {
      this.roster.set(number, { number, sid, name, colour });
      if (sid === this.sid) this.ownNumber = number;
    }
  }

  /** The row about ourselves, as new as we have it. */
  get ownRow() { return this.latest?.players.get(this.ownNumber) ?? null; }

  /** Moves the shown moment on by `elapsed` ms and returns the scene at it, or null before the first state. `own` is where our ship is shown. */
  advance(now, elapsed, own) {
    const moment = this.zone && this.buffer.advance(now, elapsed);
    if (!moment) return null;
    return {
      players: this.mixPlayers(moment, own),
      wanderers: this.mixWanderers(moment, elapsed / 1000),
      shots: this.flyShots(moment, now),
      events: this.dueEvents(),
    };
  }

  mixPlayers({ before, after, fraction }, own) {
    const shown = [];
    for (const b of after.players.values()) {
      const a = before.players.get(b.number) ?? b;
      const jumped = Math.hypot(b.x - a.x, b.y - a.y) > TELEPORT;
      const who = this.roster.get(b.number);
      const player = {
        ...b, name: who?.name ?? "", colour: who?.colour ?? b.number % 8, own: b.number === this.ownNumber,
        x: jumped ? b.x : mix(a.x, b.x, fraction), y: jumped ? b.y : mix(a.y, b.y, fraction), angle: mixAngle(a.angle, b.angle, Math.min(1, fraction)),
      };
      if (player.own && own) { player.x = own.x; player.y = own.y; }
      shown.push(player);
    }
    return shown;
  }

  mixWanderers({ before, after, fraction }, seconds) {
    const shown = [], looks = new Map();
    for (const [id, a] of before.wanderers) {
      const b = after.wanderers.get(id);
      const look = this.looks.get(id) ?? { angle: 0, age: this.looks.size ? 0 : 1 };
      looks.set(id, look);
      look.age = Math.min(1, look.age + seconds * 2);
      const stays = !b || Math.hypot(b.x - a.x, b.y - a.y) > TELEPORT;
      const dx = stays ? 0 : b.x - a.x, dy = stays ? 0 : b.y - a.y;
      if (dx || dy) look.angle = mixAngle(look.angle, Math.atan2(dy, dx), Math.min(1, seconds * 7));
      shown.push({ index: id, kind: a.kind, x: a.x + dx * fraction, y: a.y + dy * fraction, angle: look.angle, age: look.age });
    }
    this.looks = looks;
    return shown;
  }

  /** Shots fly straight, so one state is enough. Our own are shown as new as we know them. */
  flyShots({ before, beforeTick, tick }, now) {
    const shown = [];
    const { tickMs } = this.buffer;
    const add = (shots, own, seconds) => {
      for (const { x, y, angle, owner } of shots) {
        if ((owner === this.ownNumber) !== own) continue;
        const way = SHOT_SPEED * seconds;
        shown.push({ x: x + Math.cos(angle) * way, y: y + Math.sin(angle) * way, angle, colour: this.roster.get(owner)?.colour ?? 0 });
      }
    };
    add(before.shots, false, Math.min(0.1, Math.max(0, (tick - beforeTick) * tickMs / 1000)));
    add(this.latest.shots, true, Math.min(0.25, (now - this.buffer.latest.now) / 1000));
    return shown;
  }

  /** Events whose moment has come, each once: [{ kind, x, y, player, value }]. */
  dueEvents() {
    const due = [];
    for (const item of this.news) {
      const { isFresh, isTold } = item;
      if (isTold || (!isFresh && item.tick > this.shownTick + 0.5)) continue;
      item.isFresh = false;
      item.isTold = item.tick <= this.shownTick + 0.5;
      if (item.tick < this.shownTick - 20) continue;   // Old news after a pause.
      const list = item.events;
      for (let i = 0; i < list.length; i += 5) {
        // What we hit is shown as soon as we hear of it, the rest when its moment comes on screen.
        const own = list[i + 3] === this.ownNumber;
        if (own ? !isFresh : !item.isTold) continue;
        due.push({ kind: list[i], x: list[i + 1], y: list[i + 2], player: list[i + 3], value: list[i + 4] });
      }
    }
    this.news = this.news.filter((item) => !item.isTold);
    return due;
  }
}

const emptyState = (tick) => ({ tick, players: new Map(), wanderers: new Map(), shots: [] });
