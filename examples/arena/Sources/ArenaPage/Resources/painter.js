// Draws one moment of the zone.

import { PLAYERS, WANDERERS, fade } from "./palette.js";
import { clouds, stars, wandererSprites } from "./sprites.js";

const TURN = Math.PI * 2;
const VIEW_AREA = 1280 * 720;      // The zone's pixels on screen, whatever the screen's shape and size.
const PIXEL_RATIO_MAXIMUM = 2;     // Beyond that nobody sees a difference, but the fan hears it.

export class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d", { alpha: false });
    this.camera = { x: 0, y: 0 };
    this.placed = false;
    this.layers = [[stars(90, 512, 1.1, 5), 0.35], [stars(60, 640, 1.5, 9), 0.6], [stars(34, 760, 2.1, 13), 0.85]]
      .map(([tile, depth]) => ({ pattern: this.pen.createPattern(tile, "repeat"), depth }));
    this.fit();
    addEventListener("resize", () => this.fit());
  }

  /** Matches the canvas to the window and the sprites to the resolution. */
  fit() {
    const ratio = Math.min(PIXEL_RATIO_MAXIMUM, devicePixelRatio || 1);
    this.canvas.width = Math.round(innerWidth * ratio);
    this.canvas.height = Math.round(innerHeight * ratio);
    const zoom = Math.min(1.8, Math.max(0.55, Math.sqrt(innerWidth * innerHeight / VIEW_AREA)));
    this.scale = zoom * ratio;
    this.width = this.canvas.width / this.scale;
    this.height = this.canvas.height / this.scale;
    this.sprites = wandererSprites(this.scale);
  }

  /** Glides to `target`, a little ahead to where the player looks; near the walls it shows more of the inside. */
  follow(target, lead, zone, seconds) {
    const x = within(target.x + lead.x, this.width * 0.3, zone.width), y = within(target.y + lead.y, this.height * 0.3, zone.height);
    const share = this.placed ? 1 - Math.exp(-seconds * 7) : 1;
    this.placed = true;
    this.camera.x += (x - this.camera.x) * share;
    this.camera.y += (y - this.camera.y) * share;
  }

  /** Where a place in the zone is on the page, in CSS pixels. */
  onPage({ x, y }) {
    const zoom = innerWidth / this.width;
    return { x: innerWidth / 2 + (x - this.camera.x) * zoom, y: innerHeight / 2 + (y - this.camera.y) * zoom };
  }

  paint(scene, zone, effects, seconds) {
    const { pen, scale } = this;
    const shake = effects.shake * 9;
    const left = this.camera.x - this.width / 2 + (Math.random() - 0.5) * shake;
    const top = this.camera.y - this.height / 2 + (Math.random() - 0.5) * shake;
    this.bounds = { left: left - 60, top: top - 60, right: left + this.width + 60, bottom: top + this.height + 60 };
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.paintNight(zone, left, top);
    pen.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
    this.paintFloor(zone);
    this.paintWanderers(scene.wanderers, seconds);
    this.paintShots(scene.shots, effects);
    for (const player of scene.players) this.paintPlayer(player, seconds, effects);
    effects.paint(pen, scale);
    for (const player of scene.players) this.paintName(player);
  }

  isVisible({ x, y }) {
    const { left, top, right, bottom } = this.bounds;
    return x > left && x < right && y > top && y < bottom;
  }

  paintNight(zone, left, top) {
    const { pen } = this;
    this.night ??= clouds(zone.width * 1.3, zone.height * 1.3);
    pen.fillStyle = "#070b1a";
    pen.fillRect(0, 0, this.width, this.height);
    // Far away, so slower than the ground.
    pen.drawImage(this.night, -left * 0.8 - zone.width * 0.15, -top * 0.8 - zone.height * 0.15, zone.width * 1.3, zone.height * 1.3);
    for (const { pattern, depth } of this.layers) {
      pen.save();
      pen.translate(-left * depth, -top * depth);
      pen.fillStyle = pattern;
      pen.fillRect(left * depth, top * depth, this.width, this.height);
      pen.restore();
    }
  }

  /** A grid to feel one's speed by, and the wall. */
  paintFloor(zone) {
    const { pen, bounds } = this;
    const step = 100;
    pen.strokeStyle = "rgba(140, 170, 255, .065)";
    pen.lineWidth = 1;
    pen.beginPath();
    for (let x = Math.max(0, Math.ceil(bounds.left / step) * step); x <= Math.min(zone.width, bounds.right); x += step) {
      pen.moveTo(x, Math.max(0, bounds.top));
      pen.lineTo(x, Math.min(zone.height, bounds.bottom));
    }
    for (let y = Math.max(0, Math.ceil(bounds.top / step) * step); y <= Math.min(zone.height, bounds.bottom); y += step) {
      pen.moveTo(Math.max(0, bounds.left), y);
      pen.lineTo(Math.min(zone.width, bounds.right), y);
    }
    pen.stroke();
    pen.fillStyle = "rgba(3, 5, 14, .72)";
    pen.beginPath();
    pen.rect(bounds.left, bounds.top, bounds.right - bounds.left, bounds.bottom - bounds.top);
    pen.rect(0, 0, zone.width, zone.height);
    pen.fill("evenodd");
    for (const [width, alpha] of [[16, 0.08], [7, 0.16], [2, 0.85]]) {
      pen.strokeStyle = `rgba(125, 165, 255, ${alpha})`;
      pen.lineWidth = width;
      pen.strokeRect(0, 0, zone.width, zone.height);
    }
  }

  paintWanderers(wanderers, seconds) {
    const { pen } = this;
    for (const wanderer of wanderers) {
      if (!this.isVisible(wanderer)) continue;
      const { canvas, size } = this.sprites[wanderer.kind];
      // Drifters breathe, hunters spin, darters look where they go.
      const breath = wanderer.kind === 0 ? 1 + 0.07 * Math.sin(seconds * 2.2 + wanderer.index) : 1;
      const side = size * breath * easeOut(wanderer.age);
      const angle = wanderer.kind === 2 ? seconds * 1.1 + wanderer.index : wanderer.angle;
      pen.globalAlpha = wanderer.age;
      pen.save();
      pen.translate(wanderer.x, wanderer.y);
      if (wanderer.kind) pen.rotate(angle);
      pen.drawImage(canvas, -side / 2, -side / 2, side, side);
      pen.restore();
    }
    pen.globalAlpha = 1;
  }

  paintShots(shots, effects) {
    const { pen } = this;
    pen.lineCap = "round";
    for (const shot of shots) {
      if (!this.isVisible(shot)) continue;
      const colour = PLAYERS[shot.colour % PLAYERS.length];
      const dx = Math.cos(shot.angle), dy = Math.sin(shot.angle);
      const tail = pen.createLinearGradient(shot.x, shot.y, shot.x - dx * 38, shot.y - dy * 38);
      tail.addColorStop(0, colour);
      tail.addColorStop(1, fade(colour, 0));
      const halo = effects.speck(colour, this.scale).canvas;
      pen.drawImage(halo, shot.x - 22, shot.y - 22, 44, 44);
      line(pen, shot.x, shot.y, dx, dy, 38, 6, tail);
      line(pen, shot.x, shot.y, dx, dy, 9, 3.2, "#ffffff");
    }
  }

  paintPlayer(player, seconds, effects) {
    if (player.down || !this.isVisible(player)) return;
    const { pen } = this;
    const colour = PLAYERS[player.colour % PLAYERS.length];
    const halo = effects.speck(colour, this.scale).canvas;
    pen.save();
    pen.translate(player.x, player.y);
    pen.globalCompositeOperation = "lighter";
    pen.globalAlpha = 0.32;
    pen.drawImage(halo, -62, -62, 124, 124);
    pen.globalCompositeOperation = "source-over";
    pen.globalAlpha = 1;
    if (player.own) ring(pen, 27, 0, TURN, fade("#ffffff", 0.5), 1.2, [2, 6]);
    if (player.shielded) ring(pen, 23, seconds * 2, seconds * 2 + TURN, fade(colour, 0.9), 2.2, [14, 7]);
    this.paintHealth(player, colour);
    pen.rotate(player.angle);
    pen.scale(1.12, 1.12);
    paintShip(pen, colour, player.own);
    pen.restore();
  }

  /** Five segments behind the ship. */
  paintHealth(player, colour) {
    if (player.own || player.health === 5) return;
    for (let i = 0; i < 5; i++) {
      const start = Math.PI / 2 + (i - 2.5) * 0.4 + 0.05;
      ring(this.pen, 24, start, start + 0.3, i < 5 - player.health ? "rgba(255,255,255,.15)" : colour, 3, []);
    }
  }

  paintName(player) {
    if (player.down || player.own || !player.name || !this.isVisible(player)) return;
    const { pen } = this;
    pen.font = "600 12px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.lineWidth = 3;
    pen.lineJoin = "round";
    pen.strokeStyle = "rgba(5, 8, 20, .75)";
    pen.strokeText(player.name, player.x, player.y + 43);
    pen.fillStyle = PLAYERS[player.colour % PLAYERS.length];
    pen.fillText(player.name, player.x, player.y + 43);
  }
}

/** The whole zone in a corner. */
export function paintMap(canvas, scene, zone, camera) {
  const ratio = Math.min(PIXEL_RATIO_MAXIMUM, devicePixelRatio || 1);
  const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  const pen = canvas.getContext("2d");
  const scale = Math.min((width - 16 * ratio) / zone.width, (height - 16 * ratio) / zone.height);
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.translate((width - zone.width * scale) / 2, (height - zone.height * scale) / 2);
  const dot = (x, y, size) => pen.fillRect(x * scale - size / 2, y * scale - size / 2, size, size);
  for (const { kind, x, y } of scene.wanderers) {
    pen.fillStyle = fade(WANDERERS[kind], kind === 2 ? 0.95 : 0.5);
    dot(x, y, (kind === 2 ? 2.4 : 1.5) * ratio);
  }
  pen.strokeStyle = "rgba(160, 185, 255, .45)";
  pen.lineWidth = ratio;
  pen.strokeRect(0, 0, zone.width * scale, zone.height * scale);
  pen.strokeRect((camera.x - camera.width / 2) * scale, (camera.y - camera.height / 2) * scale, camera.width * scale, camera.height * scale);
  for (const player of scene.players) {
    if (player.down) continue;
    pen.fillStyle = player.own ? "#ffffff" : PLAYERS[player.colour % PLAYERS.length];
    pen.beginPath();
    pen.arc(player.x * scale, player.y * scale, (player.own ? 3.4 : 2.6) * ratio, 0, TURN);
    pen.fill();
  }
}

/** `value`, at least `margin` away from both 0 and `size`; the middle when that cannot be. */
const within = (value, margin, size) => size < 2 * margin ? size / 2 : Math.min(size - margin, Math.max(margin, value));
const easeOut = (t) => 1 - (1 - t) ** 3;

function line(pen, x, y, dx, dy, length, width, style) {
  pen.strokeStyle = style;
  pen.lineWidth = width;
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x - dx * length, y - dy * length);
  pen.stroke();
}

function ring(pen, radius, from, to, style, width, dash) {
  pen.strokeStyle = style;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.arc(0, 0, radius, from, to);
  pen.stroke();
  pen.setLineDash([]);
}

function paintShip(pen, colour, own) {
  const hull = pen.createLinearGradient(-14, 0, 19, 0);
  hull.addColorStop(0, fade(colour, 0.55));
  hull.addColorStop(1, colour);
  pen.fillStyle = hull;
  pen.strokeStyle = own ? "#ffffff" : fade("#ffffff", 0.65);
  pen.lineWidth = own ? 2.2 : 1.4;
  pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(20, 0);
  pen.quadraticCurveTo(4, -5, -13, -14);
  pen.quadraticCurveTo(-9, 0, -13, 14);
  pen.quadraticCurveTo(4, 5, 20, 0);
  pen.fill();
  pen.stroke();
  pen.fillStyle = "rgba(255, 255, 255, .85)";
  pen.beginPath();
  pen.ellipse(3, 0, 5.5, 2.6, 0, 0, TURN);
  pen.fill();
}
