// What the player wants: keyboard, mouse and two thumbs, boiled down to { move, angle, fire }.

const KEYS = {
  KeyW: [0, -1], ArrowUp: [0, -1], KeyS: [0, 1], ArrowDown: [0, 1],
  KeyA: [-1, 0], ArrowLeft: [-1, 0], KeyD: [1, 0], ArrowRight: [1, 0],
};
const STICK_RADIUS = 52;   // Pixels from the centre of a pad to full deflection.

export class Controls {
  /** `onUse()` is called at the first deliberate action. */
  constructor(scene, onUse) {
    this.onUse = onUse;
    this.held = new Set();
    this.pointer = null;          // The mouse, in CSS pixels; null until it moves.
    this.mouseFires = false;
    this.angle = 0;
    this.stick = new Pad(document.getElementById("stick"));
    this.trigger = new Pad(document.getElementById("trigger"));
    this.listenToKeys();
    this.listenToMouse(scene);
    this.listenToTouch(scene);
    addEventListener("blur", () => this.release());
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.release(); });
    if (matchMedia("(pointer: coarse)").matches) document.body.classList.add("touch");
  }

  /** Lets go of everything: nobody should run on in a tab that cannot hear the key coming up. */
  release() {
    this.held.clear();
    this.mouseFires = false;
    this.stick.release();
    this.trigger.release();
  }

  /** The state of this moment. `ship` is our place on the page, `towardsTarget` the angle to what a thumb without
   *  direction should shoot at. */
  read(ship, towardsTarget) {
    const move = this.direction();
    const moving = move.x || move.y;
    if (this.trigger.held) {
      const { x, y } = this.trigger.value();
      if (Math.hypot(x, y) > 0.25) this.angle = Math.atan2(y, x);
      else if (towardsTarget !== null) this.angle = towardsTarget;
    } else if (this.pointer) {
      this.angle = Math.atan2(this.pointer.y - ship.y, this.pointer.x - ship.x);
    } else if (moving) {
      this.angle = Math.atan2(move.y, move.x);
    }
    return { move, angle: this.angle, fire: this.mouseFires || this.held.has("Space") || this.trigger.held };
  }

  direction() {
    if (this.stick.held) return this.stick.value();
    let x = 0, y = 0;
    for (const code of this.held) {
      const way = KEYS[code];
      if (way) { x += way[0]; y += way[1]; }
    }
    x = Math.sign(x);
    y = Math.sign(y);
    const length = Math.hypot(x, y) || 1;
    return { x: x / length, y: y / length };
  }

  listenToKeys() {
    const isTyping = (event) => event.target instanceof HTMLInputElement;
    addEventListener("keydown", (event) => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!(event.code in KEYS) && event.code !== "Space") return;
      event.preventDefault();
      this.held.add(event.code);
      this.onUse();
    });
    addEventListener("keyup", (event) => this.held.delete(event.code));
  }

  listenToMouse(scene) {
    const follow = (event) => { this.pointer = { x: event.clientX, y: event.clientY }; };
    scene.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") follow(event); });
    scene.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return;
      document.activeElement?.blur();
      follow(event);
      this.mouseFires = true;
      this.onUse();
    });
    addEventListener("pointerup", (event) => { if (event.pointerType === "mouse") this.mouseFires = false; });
    scene.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** The left half of the screen moves, the right half aims and shoots; a pad goes to where its thumb comes down. */
  listenToTouch(scene) {
    scene.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse") return;
      document.body.classList.add("touch");
      document.activeElement?.blur();
      this.pointer = null;
      const pad = event.clientX < innerWidth / 2 ? this.stick : this.trigger;
      if (!pad.held) pad.grab(event);
      this.onUse();
    });
    for (const pad of [this.stick, this.trigger]) {
      addEventListener("pointermove", (event) => pad.follow(event));
      addEventListener("pointerup", (event) => { if (event.pointerId === pad.pointer) pad.release(); });
      addEventListener("pointercancel", (event) => { if (event.pointerId === pad.pointer) pad.release(); });
    }
  }
}

/** One thumb's pad. */
class Pad {
  constructor(element) {
    this.element = element;
    this.knob = element.firstElementChild;
    this.release();
  }

  get held() { return this.pointer !== null; }

  grab(event) {
    this.pointer = event.pointerId;
    this.centre = { x: event.clientX, y: event.clientY };
    const { offsetWidth: width, offsetHeight: height, offsetLeft: left, offsetTop: top } = this.element;
    this.element.style.translate = `${event.clientX - left - width / 2}px ${event.clientY - top - height / 2}px`;
    this.follow(event);
  }

  follow(event) {
    if (event.pointerId !== this.pointer) return;
    const x = event.clientX - this.centre.x, y = event.clientY - this.centre.y;
    const scale = Math.min(1, STICK_RADIUS / (Math.hypot(x, y) || 1)) / STICK_RADIUS;
    this.offset = { x: x * scale, y: y * scale };
    this.knob.style.translate = `${this.offset.x * STICK_RADIUS}px ${this.offset.y * STICK_RADIUS}px`;
  }

  release() {
    this.pointer = null;
    this.offset = { x: 0, y: 0 };
    this.element.style.translate = this.knob.style.translate = "none";
  }

  /** The deflection, at most 1 long; the innermost tenth counts as rest. */
  value() {
    return Math.hypot(this.offset.x, this.offset.y) < 0.1 ? { x: 0, y: 0 } : this.offset;
  }
}
