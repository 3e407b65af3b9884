// Sparks, rings and numbers that live for a moment; nothing in the zone depends on them.

import { PLAYERS, WANDERERS } from "./palette.js";
import { speck } from "./sprites.js";

const TURN = Math.PI * 2;
const PARTICLES_MAXIMUM = 700;

export class Effects {
  constructor() {
    this.particles = [];
    this.rings = [];
    this.words = [];
    this.shake = 0;
    this.specks = new Map();
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  /** Shows one event of the zone. `own` is our number, `kinds` tells points to wanderers' colours. */
  show(event, own, colourOf) {
    const { kind, x, y, player, value } = event;
    if (kind === 0) {
      this.burst(x, y, "#ffffff", 5, 130);
    } else if (kind === 1) {
      const colour = WANDERERS[value >= 8 ? 2 : value >= 3 ? 1 : 0];
      this.burst(x, y, colour, value >= 8 ? 26 : 12, value >= 8 ? 260 : 170);
      this.ring(x, y, colour, value >= 8 ? 70 : 38);
      if (player === own) this.word(x, y, `+${value}`, colour);
    } else if (kind === 2) {
      this.burst(x, y, colourOf(value), 40, 330);
      this.ring(x, y, colourOf(value), 110);
      if (player === own) this.word(x, y, "+10", colourOf(value));
      if (value === own) this.shake = 1;
    } else if (kind === 3) {
      this.ring(x, y, colourOf(player), 80);
    }
  }

  burst(x, y, colour, count, speed) {
    if (this.calm) count = Math.ceil(count / 4);
    for (let i = 0; i < count && this.particles.length < PARTICLES_MAXIMUM; i++) {
      const angle = Math.random() * TURN, pace = speed * (0.25 + Math.random() * 0.75);
      const life = 0.35 + Math.random() * 0.45;
      this.particles.push({ x, y, vx: Math.cos(angle) * pace, vy: Math.sin(angle) * pace, colour, life, span: life, size: 5 + Math.random() * 9 });
    }
  }

  /** One speck of a trail. */
  trail(x, y, colour, size) {
    if (this.calm || this.particles.length >= PARTICLES_MAXIMUM) return;
    this.particles.push({ x, y, vx: 0, vy: 0, colour, life: 0.4, span: 0.4, size });
  }

  ring(x, y, colour, reach) { this.rings.push({ x, y, colour, reach, age: 0 }); }
  word(x, y, text, colour) { this.words.push({ x, y, text, colour, age: 0 }); }

  advance(seconds) {
    this.shake = Math.max(0, this.shake - seconds * 2.5);
    const drag = Math.exp(-3.2 * seconds);
    for (const p of this.particles) {
      p.x += p.vx * seconds;
      p.y += p.vy * seconds;
      p.vx *= drag;
      p.vy *= drag;
      p.life -= seconds;
    }
    for (const ring of this.rings) ring.age += seconds / 0.5;
    for (const word of this.words) word.age += seconds / 0.9;
    this.particles = this.particles.filter((p) => p.life > 0);
    this.rings = this.rings.filter((ring) => ring.age < 1);
    this.words = this.words.filter((word) => word.age < 1);
  }

  /** A speck of light in this colour, painted once. */
  speck(colour, resolution) {
    const key = colour + resolution;
    if (!this.specks.has(key)) this.specks.set(key, speck(colour, resolution));
    return this.specks.get(key);
  }

  paint(pen, resolution) {
    pen.globalCompositeOperation = "lighter";
    for (const p of this.particles) {
      const share = p.life / p.span, size = p.size * (0.4 + share);
      pen.globalAlpha = share;
      pen.drawImage(this.speck(p.colour, resolution).canvas, p.x - size / 2, p.y - size / 2, size, size);
    }
    for (const ring of this.rings) {
      pen.globalAlpha = (1 - ring.age) * 0.8;
      pen.strokeStyle = ring.colour;
      pen.lineWidth = 3 * (1 - ring.age) + 0.5;
      pen.beginPath();
      pen.arc(ring.x, ring.y, ring.reach * (1 - (1 - ring.age) ** 3), 0, TURN);
      pen.stroke();
    }
    pen.globalCompositeOperation = "source-over";
    pen.font = "700 19px system-ui, sans-serif";
    pen.textAlign = "center";
    for (const word of this.words) {
      pen.globalAlpha = Math.min(1, 2 - 2 * word.age);
      pen.fillStyle = word.colour;
      pen.fillText(word.text, word.x, word.y - 14 - 34 * word.age);
    }
    pen.globalAlpha = 1;
  }
}

export const colourOfPlayer = (who) => PLAYERS[(who?.colour ?? 0) % PLAYERS.length];
