// Everything that is drawn hundreds of times a frame is painted once, at the screen's resolution, and copied.

import { WANDERERS, fade } from "./palette.js";

const TURN = Math.PI * 2;

/** A canvas of `size` x `size` logical pixels with the origin in its middle. */
function sprite(size, resolution, paint) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(size * resolution);
  const pen = canvas.getContext("2d");
  pen.scale(resolution, resolution);
  pen.translate(size / 2, size / 2);
  paint(pen);
  return { canvas, size };
}

export function glow(pen, radius, colour, alpha) {
  const gradient = pen.createRadialGradient(0, 0, 0, 0, 0, radius);
  gradient.addColorStop(0, fade(colour, alpha));
  gradient.addColorStop(0.4, fade(colour, alpha * 0.32));
  gradient.addColorStop(1, fade(colour, 0));
  pen.fillStyle = gradient;
  pen.beginPath();
  pen.arc(0, 0, radius, 0, TURN);
  pen.fill();
}

/** The three kinds of wanderer, looking along x. */
export function wandererSprites(resolution) {
  return [drifter(resolution), darter(resolution), hunter(resolution)];
}

function drifter(resolution) {
  const colour = WANDERERS[0];
  return sprite(72, resolution, (pen) => {
    glow(pen, 36, colour, 0.42);
    const body = pen.createRadialGradient(-4, -4, 1, 0, 0, 12);
    body.addColorStop(0, "rgba(225, 255, 250, .95)");
    body.addColorStop(0.45, fade(colour, 0.75));
    body.addColorStop(1, fade(colour, 0.25));
    pen.fillStyle = body;
    pen.strokeStyle = fade(colour, 0.95);
    pen.lineWidth = 1.6;
    pen.beginPath();
    pen.arc(0, 0, 11.2, 0, TURN);
    pen.fill();
    pen.stroke();
  });
}

function darter(resolution) {
  const colour = WANDERERS[1];
  return sprite(64, resolution, (pen) => {
    glow(pen, 32, colour, 0.4);
    pen.fillStyle = colour;
    pen.strokeStyle = "#fff3cf";
    pen.lineWidth = 1.3;
    pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(13, 0);
    pen.quadraticCurveTo(0, -3.5, -9, -9);
    pen.lineTo(-4.5, 0);
    pen.lineTo(-9, 9);
    pen.quadraticCurveTo(0, 3.5, 13, 0);
    pen.fill();
    pen.stroke();
  });
}

function hunter(resolution) {
  const colour = WANDERERS[2];
  return sprite(120, resolution, (pen) => {
    glow(pen, 60, colour, 0.5);
    pen.fillStyle = "#5d0f2b";
    pen.strokeStyle = colour;
    pen.lineWidth = 2.2;
    pen.lineJoin = "round";
    pen.beginPath();
    for (let i = 0; i < 18; i++) {
      const radius = i % 2 ? 13 : 22;
      pen.lineTo(Math.cos(i / 18 * TURN) * radius, Math.sin(i / 18 * TURN) * radius);
    }
    pen.closePath();
    pen.fill();
    pen.stroke();
    glow(pen, 11, "#ffd0dc", 0.9);
  });
}

/** A round speck of light, for particles and for shots. */
export function speck(colour, resolution) {
  return sprite(32, resolution, (pen) => {
    glow(pen, 16, colour, 0.9);
    glow(pen, 6, "#ffffff", 0.95);
  });
}

/** The night: clouds of colour, painted small and stretched over the zone, since they have no edges. */
export function clouds(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width / 12);
  canvas.height = Math.ceil(height / 12);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#0a1026";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const tints = ["#1f3f8f", "#3a2a86", "#0f5f74", "#5a2470", "#143a6e"];
  let seed = 11;
  const random = () => (seed = seed * 16807 % 2147483647) / 2147483647;
  for (let i = 0; i < 26; i++) {
    pen.save();
    pen.translate(random() * canvas.width, random() * canvas.height);
    glow(pen, canvas.width * (0.1 + random() * 0.16), tints[i % tints.length], 0.46);
    pen.restore();
  }
  return canvas;
}

/** A tile of stars that repeats without a seam. */
export function stars(count, size, largest, seed) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d");
  const random = () => (seed = seed * 16807 % 2147483647) / 2147483647;
  for (let i = 0; i < count; i++) {
    const radius = 0.4 + random() ** 3 * largest;
    pen.fillStyle = `rgba(${190 + random() * 65}, ${205 + random() * 50}, 255, ${0.15 + random() * 0.5})`;
    pen.beginPath();
    pen.arc(4 + random() * (size - 8), 4 + random() * (size - 8), radius, 0, TURN);
    pen.fill();
  }
  return canvas;
}
