// The panels around the picture.

import { PLAYERS } from "./palette.js";

const element = (id) => document.getElementById(id);

export class Hud {
  /** `onName(name)` is called when the player has chosen another name. */
  constructor(onName) {
    this.name = element("name");
    this.pips = [...element("health").children];
    this.frames = [];              // [when, bytes, tick] of the last two seconds.
    this.hinted = false;
    this.name.addEventListener("change", () => {
      const name = this.name.value.trim();
      if (!name) return;
      remember(name);
      onName(name);
    });
    this.name.addEventListener("keydown", (event) => { if (event.key === "Enter") this.name.blur(); });
  }

  /** The name chosen in an earlier visit, or null. */
  get rememberedName() {
    try { return localStorage.getItem("arena.name"); } catch { return null; }
  }

  /** The first deliberate action: the hint has done its duty. */
  used() {
    if (this.hinted) return;
    this.hinted = true;
    setTimeout(() => element("hint").classList.add("gone"), 2500);
  }

  countFrame(now, bytes, tick) {
    this.frames.push([now, bytes, tick]);
    while (now - this.frames[0][0] > 2000) this.frames.shift();
  }

  /** Two lines at most; null hides it. */
  notice(text) {
    if (text) element("notice").textContent = text;
    element("notice").classList.toggle("shown", !!text);
  }

  hurt() {
    const veil = element("hurt");
    veil.classList.remove("flash");
    void veil.offsetWidth;   // Restarts the animation.
    veil.classList.add("flash");
  }

  /** Called a few times a second. */
  show(world, connection, latencyMs) {
    this.showReadout(world, connection, latencyMs);
    if (!world.latest) return;
    this.showLeaders(world);
    const own = world.ownRow, who = world.roster.get(world.ownNumber);
    if (!own || !who) return;
    document.body.style.setProperty("--own", PLAYERS[who.colour % PLAYERS.length]);
    if (document.activeElement !== this.name && this.name.value !== who.name) this.name.value = who.name;
    element("score").textContent = own.score;
    element("rank").textContent = `${rankOf(own, world)}of ${world.roster.size}`;
    this.pips.forEach((pip, index) => pip.classList.toggle("full", index < own.health));
    element("health").classList.toggle("low", own.health <= 2);
    element("health").setAttribute("aria-label", `Health ${own.health} of 5`);
  }

  showReadout(world, connection, latencyMs) {
    const [first] = this.frames, last = this.frames.at(-1);
    const seconds = first && last ? (last[0] - first[0]) / 1000 : 0;
    const bytes = this.frames.reduce((sum, [, size]) => sum + size, 0);
    element("transport").textContent = connection.transport;
    element("latency").textContent = latencyMs > 0 ? `${latencyMs.toFixed(0)} ms` : "-";
    element("tick").textContent = world.latest ? world.latest.tick : "-";
    element("rate").textContent = seconds > 0.2 ? `${((last[2] - first[2]) / seconds).toFixed(1)} Hz` : "-";
    element("traffic").textContent = seconds > 0.2 ? `${(bytes / seconds / 1000).toFixed(1)} kB/s` : "-";
    element("online").textContent = world.latest ? world.roster.size : "-";
  }

  showLeaders(world) {
    const rows = world.leaders.map(({ number, score }) => {
      const who = world.roster.get(number);
      return who ? { ...who, score } : null;
    }).filter(Boolean);
    const key = JSON.stringify(rows);
    if (key === this.leaderKey) return;
    this.leaderKey = key;
    element("leader-list").replaceChildren(...rows.map((row) => {
      const item = document.createElement("li");
      item.classList.toggle("own", row.number === world.ownNumber);
      const dot = document.createElement("i"), name = document.createElement("span"), score = document.createElement("b");
      dot.style.background = PLAYERS[row.colour % PLAYERS.length];
      name.textContent = row.name;
      score.textContent = row.score;
      item.append(dot, name, score);
      return item;
    }));
  }
}

/** Known for the best only: nobody is told everybody's score. */
function rankOf(own, world) {
  const place = world.leaders.findIndex((leader) => leader.number === own.number);
  return place < 0 ? "" : `#${place + 1} `;
}

function remember(name) {
  try { localStorage.setItem("arena.name", name); } catch { /* Private windows may refuse; then it is for this visit. */ }
}
