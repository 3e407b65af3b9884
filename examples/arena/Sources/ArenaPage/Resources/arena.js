// The arena's page: joins as a guest, sends what the player wants, shows what the zone says.
//
//   ?transport=ws | sse   uses only that way in
//   ?watch                looks on without taking part

import { Connection } from "./connection.js";
import { Controls } from "./controls.js";
import { Effects, colourOfPlayer } from "./effects.js";
import { Hud } from "./hud.js";
import { Painter, paintMap } from "./painter.js";
import { Sound } from "./sound.js";
import { World } from "./world.js";

const SEND_MS = 50;          // Inputs are collected this long; the zone ticks no faster.
const HEARTBEAT_MS = 500;    // An idle player still sends, which is how the latency stays measured.
const PANEL_MS = 150;
const AIM_STEP = 0.01;       // Radians: finer is not worth a message.

const query = new URLSearchParams(location.search);
const onlooker = query.has("watch");
const scene = document.getElementById("scene");
const map = document.getElementById("map");
const world = new World();
const painter = new Painter(scene);
const effects = new Effects();
const sound = new Sound(document.getElementById("sound"));
const hud = new Hud((name) => connection.send({ name }));
const controls = new Controls(scene, () => hud.used());
const connection = new Connection({
  transport: query.get("transport"), onlooker,
  onFrame: (tick, state, bytes) => receive(tick, state, bytes),
  onStatus: (status) => changeStatus(status),
});

let status = "connecting";
let latencyMs = 0;
let wanted = { move: { x: 0, y: 0 }, angle: 0, fire: false };
let sent = null, sentAt = 0, introduced = false, downSince = null, lastHealth = 5;
const unanswered = new Map();   // client_seq → when it was sent.

function receive(tick, state, bytes) {
  const now = performance.now();
  world.sid = connection.sid;
  world.accept(tick, state, now);
  hud.countFrame(now, bytes, tick);
  const own = world.ownRow;
  if (!own) return;
  measureLatency(own.ack, now);
  if (own.health < lastHealth) hud.hurt();
  lastHealth = own.health;
  downSince = own.down ? downSince ?? now : null;
  if (!introduced) {
    introduced = true;
    const name = hud.rememberedName;
    if (name) connection.send({ name });
  }
}

/** From sending an input to seeing it applied in a snapshot. */
function measureLatency(ack, now) {
  for (const [sequence, when] of unanswered) {
    if (sequence > ack) break;
    unanswered.delete(sequence);
    if (sequence !== ack) continue;
    latencyMs = latencyMs ? latencyMs * 0.8 + (now - when) * 0.2 : now - when;
  }
}

function changeStatus(next) {
  status = next;
  if (next === "live") return;
  world.reset();
  unanswered.clear();
  painter.placed = false;
  sent = null;
  introduced = false;
}

/** Sends the difference between what the player wants and what the zone was told last. */
function sendInput() {
  if (status !== "live" || onlooker) return;
  const now = performance.now(), input = {};
  if (!sent || sent.move.x !== wanted.move.x || sent.move.y !== wanted.move.y) {
    input.move = { x: round(wanted.move.x), y: round(wanted.move.y) };
  }
  if (!sent || sent.fire !== wanted.fire) input.fire = wanted.fire;
  if (!sent || Math.abs(sent.angle - wanted.angle) > AIM_STEP || "fire" in input || now - sentAt > HEARTBEAT_MS) {
    input.aim = { angle: round(wanted.angle) };
  }
  if (!Object.keys(input).length) return;
  const sequence = connection.send(input);
  if (!sequence) return;
  sent = structuredClone(wanted);
  sentAt = now;
  unanswered.set(sequence, now);
}

const round = (number) => Math.round(number * 1000) / 1000;

let before = performance.now(), panelsAt = 0;
function draw(now) {
  const elapsed = Math.min(250, now - before);
  before = now;
  readControls();
  const shown = world.advance(now, elapsed, wanted.move, latencyMs);
  if (shown) paint(shown, now, elapsed);
  if (now - panelsAt > PANEL_MS) {
    panelsAt = now;
    hud.show(world, connection, latencyMs);
    if (shown) paintMap(map, shown, world.zone, { ...painter.camera, width: painter.width, height: painter.height });
  }
  hud.notice(noticeText(now));
  requestAnimationFrame(draw);
}

function readControls() {
  const next = controls.read(painter.onPage(world.own ?? painter.camera), angleToNearest());
  const urgent = next.fire !== wanted.fire || next.move.x !== wanted.move.x || next.move.y !== wanted.move.y;
  wanted = next;
  // A pressed key goes out at once, unless fingers are faster than ticks.
  if (urgent && performance.now() - sentAt > SEND_MS / 2) sendInput();
}

function paint(shown, now, elapsed) {
  for (const event of shown.events) {
    effects.show(event, world.ownNumber, (number) => colourOfPlayer(world.roster.get(number)));
    sound.event(event, world.ownNumber);
  }
  effects.advance(elapsed / 1000);
  const own = shown.players.find((player) => player.own);
  if (own) {
    own.angle = wanted.angle;
    if (!own.down) exhaust(own);
    if (!own.down && wanted.fire) sound.shooting(now);
  }
  const target = own ?? shown.players.find((player) => player.number === world.latest.leaders[0])
    ?? { x: world.zone.width / 2, y: world.zone.height / 2 };
  const lead = own ? { x: Math.cos(wanted.angle) * 40, y: Math.sin(wanted.angle) * 40 } : { x: 0, y: 0 };
  painter.follow(target, lead, world.zone, elapsed / 1000);
  painter.paint(shown, world.zone, effects, now / 1000);
}

function exhaust(own) {
  const { vx, vy } = world.own ?? { vx: 0, vy: 0 };
  if (Math.hypot(vx, vy) < 60) return;
  const x = own.x - Math.cos(own.angle) * 14, y = own.y - Math.sin(own.angle) * 14;
  effects.trail(x + (Math.random() - 0.5) * 6, y + (Math.random() - 0.5) * 6, colourOfPlayer(world.roster.get(own.number)), 8);
}

/** What a thumb that only presses shoots at: the nearest wanderer within reach, or null. */
function angleToNearest() {
  const own = world.own, latest = world.latest;
  if (!own || !latest) return null;
  let best = 480, angle = null;
  for (let i = 0; i < latest.wanderers.length; i += 2) {
    const dx = latest.wanderers[i] - own.x, dy = latest.wanderers[i + 1] - own.y;
    const distance = Math.hypot(dx, dy);
    if (latest.wanderers[i] >= 0 && distance < best) { best = distance; angle = Math.atan2(dy, dx); }
  }
  return angle;
}

function noticeText(now) {
  if (status === "lost") return "Connection lost, trying again…";
  if (status === "connecting" || !world.latest) return "Joining…";
  if (downSince !== null) return `Down! Back in ${Math.max(1, Math.ceil(2.5 - (now - downSince) / 1000))}`;
  return null;
}

// A hidden tab draws nothing, but must not leave its player running.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return;
  wanted = { ...wanted, move: { x: 0, y: 0 }, fire: false };
  sendInput();
});

/** For tests and the curious. */
window.arena = {
  get status() { return status; },
  get transport() { return connection.label; },
  get tick() { return world.latest?.tick ?? 0; },
  get players() { return world.latest?.players.size ?? 0; },
  get self() { const row = world.ownRow; return row && { x: row.x, y: row.y, health: row.health, score: row.score, down: row.down }; },
  get shown() { return world.own && { x: world.own.x, y: world.own.y }; },
  /** How many others play within half a screen of us. */
  get near() {
    const { own, latest } = world;
    return own ? [...latest.players.values()].filter((row) => !row.down && Math.hypot(row.x - own.x, row.y - own.y) < 420).length - 1 : 0;
  },
  get shots() { return (world.latest?.shots.length ?? 0) / 4; },
  get latency() { return latencyMs; },
};

document.body.classList.toggle("onlooker", onlooker);
setInterval(sendInput, SEND_MS);
requestAnimationFrame(draw);
connection.run();
