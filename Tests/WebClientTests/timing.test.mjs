import assert from "node:assert/strict";
import test from "node:test";
import { Backoff } from "../../Sources/WebClient/Resources/pylon/backoff.js";
import { ServerClock } from "../../Sources/WebClient/Resources/pylon/clock.js";
import { SnapshotBuffer, mixAngle } from "../../Sources/WebClient/Resources/pylon/interpolation.js";
import { Predictor } from "../../Sources/WebClient/Resources/pylon/prediction.js";

test("waits grow to a ceiling, and only a healthy stream makes them short again", () => {
  const backoff = new Backoff({ random: () => 1 });
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7].map(() => backoff.next(0)), [500, 1000, 2000, 4000, 8000, 10000, 10000]);
  assert.equal(backoff.next(4999), 10000);
  assert.equal(backoff.next(5000), 500);
  assert.equal(backoff.next(5000, 3000), 3000, "no sooner than the server asked for");
  assert.equal(new Backoff({ random: () => 0 }).next(0), 250, "half of it at least");
});

test("the shortest round trip sets the clock", () => {
  const clock = new ServerClock();
  clock.tickRateHz = 20;
  assert.equal(clock.serverMs(0), null);
  assert.equal(clock.tick(0), null);
  // The server is 1,000 ms ahead; the answer of the second ping waited 300 ms in a queue on its way back.
  clock.addSample({ clientMs: 100, serverMs: 1120, tick: 22, tickAgeMs: 20 }, 140);
  assert.equal(clock.rttMs, 40);
  assert.equal(clock.serverMs(140), 1140);
  clock.addSample({ clientMs: 200, serverMs: 1220, tick: 24, tickAgeMs: 20 }, 540);
  assert.equal(clock.rttMs, 40);
  assert.equal(clock.serverMs(540), 1540);
  assert.equal(clock.tick(540), 24 + (1540 - 1200) / 50);
  assert.equal(clock.arrivalTick(540), clock.tick(540) + 0.4);
  for (let n = 0; n < 16; n++) clock.addSample({ clientMs: 1000, serverMs: 2030 }, 1060);
  assert.equal(clock.rttMs, 60, "a way that has become longer is noticed");
  clock.reset();
  assert.equal(clock.serverMs(0), null);
});

test("the shown moment goes on evenly, whatever arrives when", () => {
  const buffer = new SnapshotBuffer({ tickMs: 50 });
  assert.equal(buffer.advance(0, 16), null);
  const late = [0, 30, 5, 45, 0, 20];
  let now = 0, shown = null, steps = [];
  for (let tick = 1; tick < 200; tick++) {
    assert.ok(buffer.push(tick, { x: tick * 10 }, tick * 50 + late[tick % late.length]));
    for (; now < tick * 50 + late[(tick + 1) % late.length]; now += 10) {
      const around = buffer.advance(now, 10);
      if (tick > 100 && shown !== null) steps.push(around.tick - shown);
      shown = around.tick;
      assert.ok(around.beforeTick <= around.afterTick);
    }
  }
  assert.ok(Math.max(...steps) < 0.3 && Math.min(...steps) > 0.1, "near the 0.2 ticks that 10 ms are");
  assert.ok(buffer.delayMs > 62.5 && buffer.delayMs < 160);
  assert.equal(buffer.push(199, {}, now), false, "what is not newer is left out");
});

test("states are mixed by their ticks, and the last movement is carried on for a while only", () => {
  const buffer = new SnapshotBuffer({ tickMs: 50, extrapolateMs: 100 });
  buffer.push(10, "a", 500);
  buffer.push(14, "b", 700);
  assert.deepEqual(buffer.around(11), { before: "a", after: "b", beforeTick: 10, afterTick: 14, fraction: 0.25, tick: 11 });
  assert.equal(buffer.around(9).fraction, 0);
  assert.equal(buffer.around(15).fraction, 1.25);
  buffer.shownTick = 30;
  assert.equal(buffer.advance(1700, 0).tick, 16);
});

test("angles go the short way round", () => {
  assert.ok(Math.abs(mixAngle(3, -3, 0.5)) > 3);
  assert.equal(mixAngle(350, 10, 0.5, 360), 360);
  assert.equal(mixAngle(10, 350, 0.5, 360), 0);
});

test("a prediction that was right is not corrected, and inputs on their way are applied again", () => {
  const predictor = new Predictor({ apply: (state, input) => ({ x: state.x + input.dx }) });
  assert.equal(predictor.predict({ dx: 1 }, 1), null, "nothing is known yet");
  predictor.reconcile({ x: 0 }, 0);
  assert.deepEqual(predictor.state, { x: 1 });
  predictor.predict({ dx: 2 }, 2);
  predictor.predict({ dx: 4 }, 3);
  predictor.reconcile({ x: 3 }, 2);
  assert.deepEqual(predictor.shown(), { x: 7 });
  assert.equal(predictor.correction, 0);
});

test("a wrong prediction is taken back smoothly, a jump at once", () => {
  const predictor = new Predictor({ apply: (state, input) => ({ x: state.x + input.dx }), smoothMs: 100, snapDistance: 50 });
  predictor.reconcile({ x: 0 }, 0);
  predictor.predict({ dx: 10 }, 1);
  predictor.reconcile({ x: 4 }, 1);   // A wall was in the way.
  assert.equal(predictor.correction, 6);
  assert.deepEqual(predictor.shown(), { x: 10 });
  predictor.advance(100);
  assert.ok(predictor.shown().x > 4 && predictor.shown().x < 4.4);
  predictor.advance(1000);
  assert.deepEqual(predictor.shown(), { x: 4 });
  predictor.reconcile({ x: 100 }, 1);
  assert.deepEqual(predictor.shown(), { x: 100 });
});

test("a refused input is not applied again", () => {
  const predictor = new Predictor({ apply: (state, input) => ({ x: state.x + input.dx }) });
  predictor.reconcile({ x: 0 }, 0);
  predictor.predict({ dx: 1 }, 1);
  predictor.predict({ dx: 2 }, 2);
  predictor.refuse(1);
  predictor.reconcile({ x: 0 }, 0);
  assert.deepEqual(predictor.state, { x: 2 });
});
