// A few tones, made on the spot; silent until asked for.

const REMEMBERED = "arena.sound";

export class Sound {
  constructor(button) {
    this.button = button;
    this.audio = null;
    this.wanted = read() === "on";
    this.shotAt = 0;
    this.show();
    button.addEventListener("click", () => this.toggle());
    addEventListener("keydown", (event) => {
      if (event.code === "KeyM" && !(event.target instanceof HTMLInputElement)) this.toggle();
      else this.wake();
    });
    addEventListener("pointerdown", () => this.wake());
  }

  toggle() {
    this.wanted = !this.wanted;
    write(this.wanted ? "on" : "off");
    this.show();
    this.button.blur();
    this.wake();
  }

  show() {
    this.button.setAttribute("aria-pressed", String(this.wanted));
  }

  /** Browsers let a page sound only after the visitor has done something. */
  wake() {
    if (!this.wanted) { this.audio?.suspend(); return; }
    this.audio ??= new AudioContext();
    this.audio.resume();
  }

  /** Our own trigger is held: a click per shot. */
  shooting(now) {
    if (now - this.shotAt < 200) return;
    this.shotAt = now;
    this.tone("square", 880, 220, 0.07, 0.03);
  }

  /** An event of the zone, as far as it concerns us. */
  event({ kind, player, value }, own) {
    if (kind === 1 && player === own) this.tone("triangle", 420 + value * 60, 900 + value * 90, 0.16, 0.12);
    else if (kind === 0 && player === own) this.tone("triangle", 300, 200, 0.06, 0.08);
    else if (kind === 0 && value === own) this.tone("sawtooth", 170, 60, 0.2, 0.12);
    else if (kind === 2 && value === own) this.tone("sawtooth", 300, 30, 0.8, 0.16);
    else if (kind === 2 && player === own) this.tone("triangle", 520, 1560, 0.4, 0.14);
    else if (kind === 3 && player === own) this.tone("sine", 300, 900, 0.35, 0.1);
  }

  /** A tone that glides from one frequency to another and dies away. */
  tone(shape, from, to, seconds, loudness) {
    if (!this.wanted || this.audio?.state !== "running") return;
    const begin = this.audio.currentTime, end = begin + seconds;
    const oscillator = this.audio.createOscillator(), gain = this.audio.createGain();
    oscillator.type = shape;
    oscillator.frequency.setValueAtTime(from, begin);
    oscillator.frequency.exponentialRampToValueAtTime(to, end);
    gain.gain.setValueAtTime(loudness, begin);
    gain.gain.exponentialRampToValueAtTime(0.0001, end);
    oscillator.connect(gain).connect(this.audio.destination);
    oscillator.start(begin);
    oscillator.stop(end);
  }
}

function read() {
  try { return localStorage.getItem(REMEMBERED); } catch { return null; }
}

function write(choice) {
  try { localStorage.setItem(REMEMBERED, choice); } catch { /* Private windows may refuse; then it is for this visit. */ }
}
