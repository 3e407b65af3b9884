import assert from "node:assert/strict";
import test from "node:test";
import { Backoff } from "../../Sources/WebClient/Resources/pylon/backoff.js";
import { ShardConnection } from "../../Sources/WebClient/Resources/pylon/connection.js";
import { eventSplitter, RouteChoice, routes } from "../../Sources/WebClient/Resources/pylon/transport.js";

/** A browser of which the test is the network and the clock. */
class Environment {
  constructor() {
    const environment = this;
    this.sockets = [];
    this.time = 0;
    this.timers = new Map();
    this.WebSocket = class {
      constructor(url, protocols) {
        Object.assign(this, { url, protocols, readyState: 0, bufferedAmount: 0, sent: [], protocol: "" });
        environment.sockets.push(this);
        environment.arrived?.(this);
      }
      send(message) { this.sent.push(message); }
      close() { this.readyState = 3; }
      open(protocol) { this.readyState = 1; this.protocol = protocol; this.onopen(); }
      text(message) { this.onmessage({ data: JSON.stringify(message) }); }
      bytes(...bytes) { this.onmessage({ data: Uint8Array.from(bytes).buffer }); }
      end(code, reason = "") { this.readyState = 3; this.onclose({ code, reason }); }
      /** What was sent of one type, pings left out. */
      get messages() { return this.sent.filter((m) => typeof m === "string").map((m) => JSON.parse(m)).filter((m) => m.type !== "ping"); }
    };
    this.now = () => this.time;
    this.setTimeout = (body, ms) => { const timer = {}; this.timers.set(timer, { body, at: this.time + ms }); return timer; };
    this.clearTimeout = (timer) => this.timers.delete(timer);
  }

  /** The next socket that is opened. */
  socket() { return new Promise((resolve) => { this.arrived = resolve; }); }

  /** Lets time go on, and everything due happen. */
  async pass(ms) {
    const end = this.time + ms;
    for (;;) {
      await settle();
      const due = [...this.timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.time = due[1].at;
      due[1].body();
    }
    this.time = end;
    await settle();
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const hello = (more = {}) => ({
  type: "hello", proto: 2, shard: "zone", sid: "u1", tick: 1, tick_rate_hz: 20, ticks_per_snapshot: 1, server_ms: 0,
  resume: "r1", resumed: false, state: "json", ack: null, ...more,
});

async function opened(options = {}) {
  const environment = new Environment();
  const first = environment.socket();
  const connection = new ShardConnection({
    shard: "zone", sid: "u1", token: "a+b", url: "https://game.example", backoff: new Backoff({ random: () => 0 }), environment, ...options,
  });
  const heard = [];
  for (const name of ["status", "hello", "state", "event", "ack", "error", "bye"]) connection.on(name, (value) => heard.push([name, value]));
  connection.run();
  return { environment, connection, heard, socket: await first, named: (name) => heard.filter((entry) => entry[0] === name).map((entry) => entry[1]) };
}

test("asks for v2 with the token beside it, and is live with the hello", async () => {
  const { connection, socket, named } = await opened({ events: true });
  assert.deepEqual(socket.protocols, ["pylon.v2", "bearer.a%2Bb"]);
  const url = new URL(socket.url);
  assert.equal(url.host, "game.example");
  assert.deepEqual(Object.fromEntries(url.searchParams), { shard: "zone", sid: "u1", events: "1", deltas: "1" });
  socket.open("pylon.v2");
  assert.equal(connection.status, "connecting");
  assert.equal(connection.send({ x: 1 }), 0, "nothing goes before the hello");
  socket.text(hello());
  assert.equal(connection.status, "live");
  assert.equal(connection.send({ x: 1 }), 1);
  assert.deepEqual(socket.messages, [{ input: { x: 1 }, client_seq: 1 }]);
  assert.deepEqual(named("status"), ["connecting", "live"]);
});

test("states, events, acknowledgements and refusals reach their listeners", async () => {
  const { connection, socket, named } = await opened();
  socket.open("pylon.v2");
  socket.text(hello());
  for (const x of [1, 2, 3]) connection.send({ x });
  socket.text({ type: "ack", client_seq: 1, seq: 9, tick: 42 });
  socket.bytes(2, 0, 0, 0, 0, 0, 0, 0, 42, ...new TextEncoder().encode('{"n":1}'));
  socket.text({ type: "error", code: "RATE_LIMITED", message: "slow down", client_seq: 2 });
  socket.text({ type: "event", seq: 7, event: { goal: 1 } });
  socket.bytes(99, 1, 2, 3);
  socket.text({ type: "of a later version" });
  assert.deepEqual(named("ack"), [{ clientSequence: 1, tick: 42 }]);
  assert.deepEqual(named("state"), [{ tick: 42, state: { n: 1 }, ack: 1, bytes: 16 }]);
  assert.deepEqual(named("error"), [{ code: "RATE_LIMITED", message: "slow down", clientSequence: 2 }]);
  assert.deepEqual(named("event"), [{ sequence: 7, event: { goal: 1 } }]);
  assert.deepEqual(connection.unacknowledged.map((input) => input.sequence), [3]);
});

test("comes back to its seat, and sends again what had not arrived", async () => {
  const { environment, connection, socket } = await opened({ events: true });
  socket.open("pylon.v2");
  socket.text(hello());
  socket.text({ type: "event", seq: 7, event: 0 });
  for (const x of [1, 2, 3]) connection.send({ x });
  socket.end(1006);
  const next = environment.socket();
  await settle();
  assert.equal(connection.status, "lost");
  await environment.pass(250);
  const second = await next;
  const { resume_token, resume_events } = Object.fromEntries(new URL(second.url).searchParams);
  assert.deepEqual([resume_token, resume_events], ["r1", "7"]);
  second.open("pylon.v2");
  second.text(hello({ resumed: true, resume: "r2", ack: { client_seq: 1, tick: 5 } }));
  assert.deepEqual(second.messages.map((message) => message.client_seq), [2, 3]);
  assert.equal(connection.send({ x: 4 }), 4);
});

test("deltas lead from states that were acknowledged, and one that does not asks for the whole", async () => {
  const { environment, socket, named } = await opened();
  socket.open("pylon.v2");
  socket.text(hello({ deltas: true }));
  const acknowledged = () => socket.sent.filter((message) => typeof message !== "string").map((message) => [...message]);
  const padding = "x".repeat(508);
  socket.bytes(2, 0, 0, 0, 0, 0, 0, 0, 1, ...new TextEncoder().encode(`[1,"${padding}"]`));
  // Another digit, and 512 bytes behind the old one.
  socket.bytes(5, 2, 1, 0, 1, 1, 0x32, 2, 0x80, 4, 0);
  assert.deepEqual(named("state").map(({ tick, state, bytes }) => [tick, state, bytes]), [[1, [1, padding], 523], [2, [2, padding], 11]]);
  assert.deepEqual(acknowledged(), [[4, 1]]);
  // From a tick that never came; then one that makes no JSON.
  socket.bytes(5, 9, 2, 0, 3, 0);
  socket.bytes(5, 10, 8, 0, 2, 0);
  assert.deepEqual(socket.messages, [{ type: "keyframe" }], "asks once");
  assert.equal(named("error").length, 1);
  await environment.pass(1000);
  socket.bytes(5, 11, 1, 0, 99, 0);
  assert.equal(socket.messages.length, 2);
  assert.equal(named("state").length, 2);
  assert.equal(acknowledged().length, 1);
});

test("a server that sends no deltas is not told what has come", async () => {
  const { socket } = await opened({ deltas: false });
  assert.equal(new URL(socket.url).searchParams.get("deltas"), null);
  socket.open("pylon.v2");
  socket.text(hello());
  socket.bytes(2, 0, 0, 0, 0, 0, 0, 0, 1, 0x5b, 0x31, 0x5d);
  assert.ok(socket.sent.every((message) => typeof message === "string"));
});

test("a schema that cannot be read ends it, and a frame without one is told", async () => {
  const { connection, socket, named } = await opened();
  socket.open("pylon.v2");
  socket.text(hello());
  socket.bytes(3, 1, 0, 0, 0);
  assert.equal(named("error").at(-1).code, "FRAME");
  socket.text(hello({ state: "entities", schema: { version: 2 } }));
  assert.equal(named("error").at(-1).code, "SCHEMA");
  await settle();
  assert.equal(connection.status, "closed");
});

test("where there are no WebSockets the next way is tried", async () => {
  const environment = new Environment();
  environment.WebSocket = class { constructor() { throw new TypeError("none here"); } };
  const asked = [];
  environment.fetch = async (url) => { asked.push(url); return { ok: false, status: 503, json: async () => ({}) }; };
  const connection = new ShardConnection({ shard: "zone", url: "https://game.example", backoff: new Backoff({ random: () => 0 }), environment });
  connection.run();
  await environment.pass(2000);
  assert.ok(asked[0].startsWith("https://game.example/api/shards/zone/connect?"));
  connection.close();
});

test("the best way that was of use gets most attempts, and a worse one is left when it is cut", () => {
  const choice = new RouteChoice(3);
  choice.failed();
  choice.succeeded();
  const tried = Array.from({ length: 9 }, () => {
    const { current } = choice;
    choice.failed();
    return current;
  });
  assert.deepEqual(tried, [1, 1, 1, 1, 0, 1, 2, 1, 1]);
  for (let attempt = 0; choice.current !== 2 && attempt < 9; attempt++) choice.failed();
  choice.succeeded();
  assert.equal(choice.current, 1);
});

test("events that came already are not told again", async () => {
  const { socket, named } = await opened({ events: true });
  socket.open("pylon.v2");
  socket.text(hello({ event_seq: 7 }));
  for (const seq of [8, 8, 7, 9]) socket.text({ type: "event", seq, event: seq });
  assert.deepEqual(named("event").map(({ sequence }) => sequence), [8, 9]);
});

test("a new seat begins with nothing owed", async () => {
  const { environment, connection, socket } = await opened();
  socket.open("pylon.v2");
  socket.text(hello());
  connection.send({ x: 1 });
  const next = environment.socket();
  socket.end(1006);
  await environment.pass(250);
  const second = await next;
  second.open("pylon.v2");
  second.text(hello());
  assert.deepEqual(second.messages, []);
  assert.deepEqual(connection.unacknowledged, []);
});

test("comes back to the shard to which its stream has moved", async () => {
  const { environment, connection, socket } = await opened({ events: true });
  socket.open("pylon.v2");
  socket.text(hello({ event_seq: 7 }));
  for (const x of [1, 2]) connection.send({ x });
  socket.text(hello({ shard: "other", moved_from: "zone", resume: "r2", resumed: true, event_seq: 3, ack: { client_seq: 1, tick: 1 } }));
  assert.deepEqual(socket.messages.map((message) => message.client_seq), [1, 2], "nothing is sent again");
  assert.deepEqual(connection.unacknowledged.map((input) => input.sequence), [2]);
  const next = environment.socket();
  socket.end(1006);
  await environment.pass(250);
  const second = await next;
  const { shard, resume_token, resume_events } = Object.fromEntries(new URL(second.url).searchParams);
  assert.deepEqual([shard, resume_token, resume_events], ["other", "r2", "3"]);
  // Sent on by a shard that does not know its token: it begins anew.
  second.open("pylon.v2");
  second.text(hello({ shard: "third", moved_from: "other", resume: "r3" }));
  assert.deepEqual(connection.unacknowledged, []);
  connection.close();
});

test("goes where a goodbye says that it has moved to", async () => {
  const { environment, connection, socket, named } = await opened({ events: true });
  socket.open("pylon.v2");
  socket.text(hello({ event_seq: 7 }));
  socket.text({ type: "bye", code: "MOVED", reason: "moved", retry_after_ms: 50, shard: "other" });
  const next = environment.socket();
  socket.end(1000);
  await environment.pass(250);
  const asked = Object.fromEntries(new URL((await next).url).searchParams);
  assert.deepEqual(asked, { shard: "other", sid: "u1", events: "1", deltas: "1" });
  assert.deepEqual(named("bye"), [{ code: "MOVED", reason: "moved", retryAfterMs: 50, shard: "other" }]);
  connection.close();
});

test("an event stream goes on in the shard that its goodbye names", async () => {
  const bye = JSON.stringify({ type: "bye", code: "MOVED", reason: "moved", retry_after_ms: 0, shard: "other" });
  const body = `event: hello\ndata: ${JSON.stringify(hello())}\n\nevent: bye\ndata: ${bye}\n\n`;
  const { environment, requests } = await streaming([{ body }]);
  await environment.pass(10_000);
  for (let wait = 0; wait < 20; wait++) await settle();
  assert.deepEqual(requests.map((url) => url.pathname), ["/api/shards/zone/connect", "/api/shards/other/connect"]);
  assert.equal(requests[1].searchParams.get("resume_token"), null);
});

test("leaves a server alone for as long as its goodbye asks", async () => {
  const { environment, connection, socket, named } = await opened();
  socket.open("pylon.v2");
  socket.text(hello());
  socket.text({ type: "bye", reason: "server shutting down", code: "GOING_AWAY", retry_after_ms: 3000 });
  socket.end(1001);
  await environment.pass(2999);
  assert.equal(environment.sockets.length, 1);
  await environment.pass(1);
  assert.equal(environment.sockets.length, 2);
  assert.deepEqual(named("bye"), [{ code: "GOING_AWAY", reason: "server shutting down", retryAfterMs: 3000 }]);
  connection.close();
});

test("a silent v2 stream is dead, a resting v1 stream is not", async () => {
  const { environment, socket } = await opened();
  socket.open("pylon.v2");
  socket.text(hello());
  await environment.pass(10_000);
  assert.equal(socket.readyState, 3);

  const old = await opened({ proto: 1 });
  assert.deepEqual(old.socket.protocols, ["bearer.a%2Bb"]);
  old.socket.open("bearer.a%2Bb");
  old.socket.bytes(0, 0, 0, 0, 0, 0, 0, 42, ...new TextEncoder().encode('{"n":1}'));
  assert.deepEqual(old.named("state"), [{ tick: 42, state: { n: 1 }, ack: 0, bytes: 15 }]);
  await old.environment.pass(3_600_000);
  assert.equal(old.socket.readyState, 1);
});

test("a way in that shows nothing is given up for the next", async () => {
  const { environment, connection, socket } = await opened({ url: "http://game.example:4321", transport: "ws" });
  assert.ok(socket.url.startsWith("ws://game.example:4324/"));
  const next = environment.socket();
  await environment.pass(4_000);
  assert.equal(socket.readyState, 3);
  await environment.pass(500);
  assert.ok((await next).url.startsWith("ws://game.example:4321/"));
  connection.close();
  await settle();
  assert.equal(connection.status, "closed");
});

test("events behind a cursor that is gone are not asked for again", async () => {
  const { environment, socket } = await opened({ events: true });
  socket.open("pylon.v2");
  socket.text(hello());
  socket.text({ type: "event", seq: 7, event: 0 });
  const next = environment.socket();
  socket.text({ type: "bye", code: "RESYNC_REQUIRED", reason: "resync required: oldest_seq=9", retry_after_ms: null, oldest_seq: 9 });
  socket.end(4410, "resync required: oldest_seq=9");
  await environment.pass(500);
  assert.equal(new URL((await next).url).searchParams.get("resume_events"), null);
});

test("does not come back to what is over, or to a seat that another has taken", async () => {
  for (const code of ["FINISHED", "STOPPED", "REPLACED", "PROTOCOL_ERROR", "UNAUTHORIZED"]) {
    const { environment, connection, socket } = await opened();
    socket.open("pylon.v2");
    socket.text(hello());
    socket.text({ type: "bye", code, reason: "", retry_after_ms: null });
    socket.end(1000);
    await environment.pass(60_000);
    assert.equal(connection.status, "closed");
    assert.equal(environment.sockets.length, 1);
  }
});

test("pings set the clock", async () => {
  const { environment, connection, socket } = await opened();
  socket.open("pylon.v2");
  socket.text(hello());
  const ping = JSON.parse(socket.sent[0]);
  assert.equal(ping.type, "ping");
  environment.time += 40;
  socket.text({ type: "pong", id: ping.id, client_ms: ping.client_ms, server_ms: 5020, tick: 7, tick_age_ms: 20 });
  assert.equal(connection.clock.serverMs(), 5040);
  assert.equal(connection.clock.tick(), 7.8);
});

/** A connection over server-sent events to a server that answers each request in turn. */
async function streaming(answers, options = {}) {
  const environment = new Environment();
  const requests = [];
  environment.fetch = (...call) => environment.respond(...call);
  environment.respond = async (url) => {
    requests.push(new URL(url));
    const answer = answers.shift();
    if (!answer) return new Promise(() => {});
    const { status = 200, body } = answer;
    return new Response(body, { status });
  };
  const connection = new ShardConnection({ shard: "zone", url: "https://game.example", transport: "sse", backoff: new Backoff({ random: () => 0 }), environment, ...options });
  const heard = [];
  for (const name of ["status", "state", "event"]) connection.on(name, (value) => heard.push([name, value]));
  connection.run();
  for (let turn = 0; turn < 20; turn++) await settle();
  return { environment, connection, heard, requests };
}

test("event streams of either version are understood", async () => {
  const v2 = `event: hello\ndata: ${JSON.stringify(hello())}\n\nid: 42\nevent: keyframe\ndata: {"n":1}\n\n`;
  for (const body of [v2, 'id: 42\ndata: {"n":1}\n\n']) {
    const { heard } = await streaming([{ body }]);
    assert.deepEqual(heard.slice(0, 3), [["status", "connecting"], ["status", "live"], ["state", { tick: 42, state: { n: 1 }, ack: 0, bytes: 7 }]]);
  }
});

test("an event stream whose events are gone begins without a cursor", async () => {
  const body = `event: hello\ndata: ${JSON.stringify(hello({ event_seq: 7 }))}\n\n`;
  const { environment, requests } = await streaming([{ body }, { status: 410, body: '{"error":{"code":"RESYNC_REQUIRED","message":""}}' }], { events: true });
  for (let turn = 0; turn < 2; turn++) {
    await environment.pass(10_000);
    for (let wait = 0; wait < 20; wait++) await settle();
  }
  assert.deepEqual(requests.map((url) => url.searchParams.get("resume_events")), [null, "7", null]);
});

test("an input is posted with the tick it belongs to", async () => {
  let stream;
  const body = new ReadableStream({ start: (controller) => { stream = controller; } });
  const { environment, connection } = await streaming([{ body }]);
  const posted = [];
  environment.respond = async (url, { body: text } = {}) => {
    posted.push(JSON.parse(text));
    return new Response("{}");
  };
  stream.enqueue(new TextEncoder().encode(`event: hello\ndata: ${JSON.stringify(hello())}\n\n`));
  while (connection.status !== "live") await settle();
  connection.send({ x: 1 }, { tick: 120 });
  while (posted.length < 1) await settle();
  assert.equal(posted[0].tick, 120);
  connection.close();
});

test("inputs that wait to be posted when the stream ends are not posted behind it", async () => {
  let stream, answer;
  const body = new ReadableStream({ start: (controller) => { stream = controller; } });
  const { environment, connection } = await streaming([{ body }]);
  const posted = [];
  environment.respond = (url, { method, body: text } = {}) => new Promise((resolve) => {
    if (method !== "POST") return;
    posted.push(JSON.parse(text).client_seq);
    answer = resolve;
  });
  stream.enqueue(new TextEncoder().encode(`event: hello\ndata: ${JSON.stringify(hello())}\n\n`));
  while (connection.status !== "live") await settle();
  for (const x of [1, 2, 3]) connection.send({ x });
  stream.close();
  while (connection.status !== "lost") await settle();
  answer(new Response("{}"));
  for (let turn = 0; turn < 20; turn++) await settle();
  assert.deepEqual(posted, [1]);
});

test("behind an input without an answer nothing is posted while the stream may be ending", async () => {
  let stream;
  const body = new ReadableStream({ start: (controller) => { stream = controller; } });
  const { environment, connection } = await streaming([{ body }]);
  const posted = [];
  environment.respond = async (url, { method, body: text } = {}) => {
    if (method !== "POST") return new Promise(() => {});
    posted.push(JSON.parse(text).client_seq);
    throw new TypeError("the connection is gone");
  };
  stream.enqueue(new TextEncoder().encode(`event: hello\ndata: ${JSON.stringify(hello())}\n\n`));
  while (connection.status !== "live") await settle();
  for (const x of [1, 2, 3]) connection.send({ x });
  for (let turn = 0; turn < 20; turn++) await settle();
  assert.deepEqual(posted, [1]);
  stream.close();
  while (connection.status !== "lost") await settle();
  await environment.pass(1000);
  assert.deepEqual(posted, [1]);
  // The next hello says which of them arrived.
  assert.deepEqual(connection.unacknowledged.map(({ sequence }) => sequence), [1, 2, 3]);
});

test("there is no way of an unknown kind", () => {
  assert.throws(() => routes("http://a:1", "pigeon"), TypeError);
});

test("a text/event-stream is split however it is cut", () => {
  const stream = "id: 42\r\ndata: {\"n\":1}\r\n\r\n: heartbeat\n\nevent: end\ndata:a\ndata: b\n\nid\ndata\n\n";
  const expected = [
    { name: "message", id: "42", data: '{"n":1}' }, { name: "end", id: "42", data: "a\nb" }, { name: "message", id: "", data: "" },
  ];
  for (let cut = 0; cut <= stream.length; cut++) {
    const events = [];
    const split = eventSplitter((event) => events.push(event));
    split(stream.slice(0, cut));
    split(stream.slice(cut));
    assert.deepEqual(events, expected, `cut at ${cut}`);
  }
});

test("hashes of the entities are reported, and a difference asks for a keyframe once", async () => {
  const axis = { min: 0, max: 1, bits: 8 };
  const schema = { version: 1, position: { axes: [axis, axis], difference_bits: [5, 6, 8], weight: 1 }, types: [{ name: "stone", fields: [] }] };
  const { environment, socket, named } = await opened();
  socket.open("pylon.v2");
  socket.text(hello({ state: "entities", schema, hash_ticks: 21 }));
  socket.bytes(3, 42, 0, 0, 0);
  socket.bytes(3, 43, 1, 0, 0);
  assert.deepEqual(socket.messages, [{ type: "hash", tick: 42, hash: "cbf29ce484222325" }]);
  for (let again = 0; again < 2; again++) socket.text({ type: "error", code: "DESYNC", message: "another", client_seq: null, tick: 42 });
  assert.deepEqual(socket.messages.slice(1), [{ type: "keyframe" }]);
  assert.equal(named("error").length, 2);
  await environment.pass(1_000);
  socket.text({ type: "error", code: "DESYNC", message: "another", client_seq: null, tick: 42 });
  assert.equal(socket.messages.length, 3);
});
