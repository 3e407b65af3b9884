// The arena's page: joins as a guest, sends what the player wants, shows what the zone says.
//
//   ?transport=ws | sse   uses only that way in
//   ?watch                looks on without taking part
//   ?shard=ID             another zone than the main one

import { connect } from "/pylon.js";
import { Controls } from "./controls.js";
import { Effects, colourOfPlayer } from "./effects.js";
import { Hud } from "./hud.js";
import { Painter, paintMap } from "./painter.js";
import { Ship } from "./ship.js";
import { Sound } from "./sound.js";
import { World } from "./world.js";

const SEND_MS = 50;          // Inputs are collected this long; the zone ticks no faster.
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
let guest = null;
const connection = connect({ shard: query.get("shard") ?? "main", token: signIn, events: true, transport: query.get("transport") ?? undefined });
const ship = new Ship(connection.clock);

let wanted = { move: { x: 0, y: 0 }, angle: 0, fire: false };
let sent = null, sentAt = 0, introduced = false, downSince = null, lastHealth = 5;

connection.on("status", changeStatus);
connection.on("hello", (hello) => {
  world.buffer.tickMs = 1000 / hello.tick_rate_hz;
  ship.inputDelay = hello.input_delay_ticks;
});
connection.on("state", receive);
connection.on("event", ({ event }) => world.acceptNews(event));

// Perhaps the token is no longer good: another server may know nothing of it.
connection.on("error", ({ code }) => { if (code === "CONNECT") guest = null; });

/** A guest's token and the id to play under, the same until it is refused. */
async function signIn() {
  if (guest) return guest;
  const answer = await fetch("/api/auth/guest", { method: "POST" });
  if (!answer.ok) throw new Error(`guest sign-in answered ${answer.status}`);
  const { token, user_id: userID } = await answer.json();
  guest = { token, sid: onlooker ? `watch_${userID}` : userID };
  world.sid = guest.sid;
  return guest;
}

function receive({ tick, state, replica, bytes }) {
  const now = performance.now();
  if (replica) world.acceptEntities(tick, replica.entities, now);
  else world.acceptJSON(tick, state, now);
  hud.countFrame(now, bytes, tick);
  const own = world.ownRow;
  if (!own) return;
  if (replica && world.zone) ship.reconcile(own, tick, world.zone);
  if (own.health < lastHealth) hud.hurt();
  lastHealth = own.health;
  downSince = own.down ? downSince ?? now : null;
  if (!introduced) {
    introduced = true;
    const name = hud.rememberedName;
    if (name) connection.send({ name });
  }
}

function changeStatus(next) {
  if (next === "live") return;
  world.reset();
  ship.reset();
  painter.placed = false;
  sent = null;
  introduced = false;
}

/** Sends the difference between what the player wants and what the zone was told last; `tick` is the one it is meant for. */
function sendInput(tick) {
  if (connection.status !== "live" || onlooker) return;
  const now = performance.now(), input = {};
  if (!sent || sent.move.x !== wanted.move.x || sent.move.y !== wanted.move.y) {
    input.move = { x: round(wanted.move.x), y: round(wanted.move.y) };
  }
  if (!sent || sent.fire !== wanted.fire) input.fire = wanted.fire;
  if (!sent || Math.abs(sent.angle - wanted.angle) > AIM_STEP || "fire" in input) {
    input.aim = { angle: round(wanted.angle) };
  }
  if (!Object.keys(input).length) return;
  if (!connection.send(input, { tick })) return;
  sent = structuredClone(wanted);
  sentAt = now;
}

const round = (number) => Math.round(number * 1000) / 1000;

let before = performance.now(), panelsAt = 0;
function draw(now) {
  const elapsed = Math.min(250, now - before);
  before = now;
  readControls();
  // What is predicted for a tick is told before it comes, no more often.
  ship.advance(now, elapsed, wanted.move, sendInput);
  const shown = world.advance(now, elapsed, ship.shown());
  if (shown) paint(shown, now, elapsed);
  if (now - panelsAt > PANEL_MS) {
    panelsAt = now;
    hud.show(world, connection, connection.latencyMs);
    if (shown) paintMap(map, shown, world.zone, { ...painter.camera, width: painter.width, height: painter.height });
  }
  hud.notice(noticeText(now));
  requestAnimationFrame(draw);
}

function readControls() {
  const next = controls.read(painter.onPage(ship.shown() ?? painter.camera), angleToNearest());
  const urgent = next.fire !== wanted.fire || next.move.x !== wanted.move.x || next.move.y !== wanted.move.y;
  wanted = next;
  // Where nothing is predicted a pressed key goes out at once, unless fingers are faster than ticks.
  if (urgent && !ship.isPredicted && performance.now() - sentAt > SEND_MS / 2) sendInput();
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
  const target = own ?? shown.players.find((player) => player.number === world.leaders[0]?.number)
    ?? { x: world.zone.width / 2, y: world.zone.height / 2 };
  const lead = own ? { x: Math.cos(wanted.angle) * 40, y: Math.sin(wanted.angle) * 40 } : { x: 0, y: 0 };
  painter.follow(target, lead, world.zone, elapsed / 1000);
  painter.paint(shown, world.zone, effects, now / 1000);
}

function exhaust(own) {
  const { vx, vy } = ship.shown() ?? { vx: 0, vy: 0 };
  if (Math.hypot(vx, vy) < 60) return;
  const x = own.x - Math.cos(own.angle) * 14, y = own.y - Math.sin(own.angle) * 14;
  effects.trail(x + (Math.random() - 0.5) * 6, y + (Math.random() - 0.5) * 6, colourOfPlayer(world.roster.get(own.number)), 8);
}

/** What a thumb that only presses shoots at: the nearest wanderer within reach, or null. */
function angleToNearest() {
  const own = ship.shown() ?? world.ownRow, latest = world.latest;
  if (!own || !latest) return null;
  let best = 480, angle = null;
  for (const { x, y } of latest.wanderers.values()) {
    const dx = x - own.x, dy = y - own.y;
    const distance = Math.hypot(dx, dy);
    if (distance < best) { best = distance; angle = Math.atan2(dy, dx); }
  }
  return angle;
}

function noticeText(now) {
  if (connection.status === "closed") return "This zone is over.";
  if (connection.status === "lost") return "Connection lost, trying again…";
  if (connection.status === "connecting" || !world.latest || !world.zone) return "Joining…";
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
  get status() { return connection.status; },
  get transport() { return connection.transport; },
  get tick() { return world.latest?.tick ?? 0; },
  get players() { return world.roster.size; },
  get wanderers() { return world.latest?.wanderers.size ?? 0; },
  get self() { const row = world.ownRow; return row && { x: row.x, y: row.y, health: row.health, score: row.score, down: row.down }; },
  /** Where our ship is drawn; null while it is not predicted. */
  get shown() { const own = ship.isPredicted ? ship.shown() : null; return own && { x: own.x, y: own.y }; },
  get correction() { return ship.correction; },
  /** How many others play within half a screen of us. */
  get near() {
    const own = world.ownRow, { latest } = world;
    return own ? [...latest.players.values()].filter((row) => !row.down && Math.hypot(row.x - own.x, row.y - own.y) < 420).length - 1 : 0;
  },
  get shots() { return world.latest?.shots.length ?? 0; },
  get latency() { return connection.latencyMs ?? 0; },
};

document.body.classList.toggle("onlooker", onlooker);
setInterval(() => { if (!ship.isPredicted) sendInput(); }, SEND_MS);
requestAnimationFrame(draw);
