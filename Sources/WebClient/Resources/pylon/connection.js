// One shard, for as long as the caller wants it: connects, comes back when it is cut, and speaks whichever version the server does.

import { Backoff } from "./backoff.js";
import { ServerClock } from "./clock.js";
import { Emitter } from "./emitter.js";
import { acknowledgementOf, jsonAt, readEvent, readServerMessage, readSnapshot } from "./protocol.js";
import { Replica } from "./replica.js";
import { StateHistory } from "./states.js";
import { RouteChoice, routes } from "./transport.js";

/** A way in that shows nothing for this long is given up. */
const FIRST_MESSAGE_MS = 4_000;
/** A v2 WebSocket that says nothing for so long is dead: it answers pings at least. */
const SILENCE_MS = 10_000;
const PING_MS = 2_000;
/** The first pings come quickly, so that the clock is soon good. */
const FIRST_PINGS = 5, FIRST_PING_MS = 200;
/** How long an answer to the request for a keyframe may take. */
const KEYFRAME_PATIENCE_MS = 1_000;
/** Inputs kept until they are acknowledged: ten seconds of 60 a second. */
const UNACKNOWLEDGED_MAXIMUM = 600;

/** Goodbyes after which there is nothing to come back to, or nobody who should. */
const FINAL = new Set(["FINISHED", "STOPPED", "REPLACED", "PROTOCOL_ERROR"]);

/** Connects to a shard; see `ShardConnection` for the options. */
export function connect(options) {
  const connection = new ShardConnection(options);
  connection.run();
  return connection;
}

/**
 * A connection to one shard.
 *
 * Events: `status` ("connecting", "live", "lost", "closed"), `hello`, `state` ({ tick, state | replica, ack, bytes }), `event`
 * ({ sequence, event }), `ack` ({ clientSequence, tick }), `error` ({ code, message, clientSequence }), `bye` ({ code, reason, retryAfterMs }).
 */
export class ShardConnection extends Emitter {
  #options;
  #environment;
  #routes;
  #choice;
  #link = null;
  #sequence = 0;
  #unacknowledged = [];
  #resumeToken = null;
  #eventLast = null;
  #watchdog = null;
  #pings = 0;
  #pingTimer = null;
  #retryAfterMs = 0;
  #inputLatencyMs = null;
  #keyframeAskedAt = -Infinity;
  /** Whether a keyframe is needed that could not be asked for yet. */
  #wantsKeyframe = false;
  /** The states that deltas lead from; null where the server sends none. */
  #states = null;
  #wake = null;
  #isClosed = false;
  /** Whether the server itself ended the stream, or refused it. */
  #isServersWord = false;
  #running = null;

  /**
   * `shard` is the only option that must be given. `token` is a string, or a function that returns or promises one, or `{ token, sid }`; it is asked
   * before each attempt. `sid` defaults to the caller's user id on the server; `url` to where the page came from; `transport` ("ws" or "sse") to the
   * first that works; `proto` to 2; `events: true` also follows the shard's events; `deltas: false` has every state sent whole. `query` adds to the request's query, such as a join code.
   * `silenceMs` is how long a stream may say nothing: by default 10 s where pings are answered, else for ever, as a shard may rest.
   */
  constructor({ shard, sid, token = null, url = globalThis.location?.origin, transport, proto = 2, events = false, deltas = true, query = {}, reconnect = true, silenceMs, backoff, clock, environment = {} }) {
    super();
    if (!shard) throw new TypeError("connect needs the name of a shard");
    this.#options = { shard, sid, token, proto, events, deltas, query, reconnect, silenceMs };
    this.#environment = {
      WebSocket: globalThis.WebSocket, fetch: (...call) => fetch(...call), now: () => performance.now(),
      setTimeout: (...call) => setTimeout(...call), clearTimeout: (timer) => clearTimeout(timer), ...environment,
    };
    this.#routes = routes(url, transport);
    this.#choice = new RouteChoice(this.#routes.length);
    this.backoff = backoff ?? new Backoff();
    this.clock = clock ?? new ServerClock({ now: this.#environment.now });
    /** "connecting", "live", "lost" or "closed". */
    this.status = "connecting";
    /** The server's hello on this stream; null on a v1 stream. */
    this.hello = null;
    /** The entities, for worlds that replicate such; null otherwise. */
    this.replica = null;
    /** The newest input that the world contains. */
    this.acknowledged = 0;
    this.tick = 0;
  }

  /** What a page shows as transport. */
  get transport() { return this.#link ? this.#route.label : "-"; }

  get #route() { return this.#routes[this.#choice.current]; }

  /** The round trip in milliseconds, of pings or else of inputs until they are applied; null while it is not known. */
  get latencyMs() { return this.clock.rttMs ?? this.#inputLatencyMs; }

  /** Inputs that have not been acknowledged, oldest first: `{ input, sequence }`. */
  get unacknowledged() { return this.#unacknowledged; }

  /** Sends one input; returns its sequence number, or 0 when there is no stream. `tick` says which tick it is meant for. */
  send(input, { tick } = {}) {
    if (this.status !== "live") return 0;
    const sequence = this.#sequence + 1;
    const message = JSON.stringify({ input, client_seq: sequence, ...(tick === undefined ? {} : { tick }) });
    if (!this.#link.send(message)) return 0;
    this.#sequence = sequence;
    this.#unacknowledged.push({ input, sequence, message, sentMs: this.#environment.now() });
    if (this.#unacknowledged.length > UNACKNOWLEDGED_MAXIMUM) this.#unacknowledged.shift();
    return sequence;
  }

  /** Asks for the whole state. */
  requestKeyframe() { this.#say({ type: "keyframe" }); }

  /** Tells the server the hash that this client's own simulation has at a tick; it answers with an error where they differ. */
  reportHash(tick, hash) { this.#say({ type: "hash", tick, hash }); }

  /** Ends it for good. */
  close() {
    this.#isClosed = true;
    this.#link?.close();
    this.#wake?.();
  }

  /** Runs until `close`; `connect` calls it. */
  run() { return this.#running ??= this.#run(); }

  async #run() {
    this.emit("status", this.status);
    while (!this.#isClosed) {
      const began = this.#environment.now();
      const isUseful = await this.#stream();
      if (this.#isClosed || !this.#options.reconnect) break;
      this.#setStatus("lost");
      if (isUseful) this.#choice.succeeded();
      else if (!this.#isServersWord) this.#choice.failed();
      await this.#sleep(this.backoff.next(isUseful ? this.#environment.now() - began : 0, this.#retryAfterMs));
    }
    this.#setStatus("closed");
  }

  /** One stream from its opening to its end; whether anything came over it. */
  async #stream() {
    this.#retryAfterMs = 0;
    this.hello = null;
    const request = await this.#request().catch((error) => this.#tell("TOKEN", String(error)));
    if (!request || this.#isClosed) return false;
    const route = this.#route;
    let isUseful = false;
    this.#isServersWord = false;
    const heard = () => {
      isUseful ||= this.status === "live";
      if (!this.#isClosed) this.#feedWatchdog(this.#options.silenceMs ?? (this.#link.isV2 && route.kind === "ws" ? SILENCE_MS : null));
    };
    const session = {
      linked: (link) => { this.#link = link; this.#feedWatchdog(FIRST_MESSAGE_MS); },
      opened: (link) => this.#opened(link),
      message: (data) => { this.#receive(this.#link.isV2 ? readServerMessage(data) : readSnapshot(data), data.length); heard(); },
      event: (event) => { this.#receive(readEvent(event), event.data.length); heard(); },
      refused: ({ error = {} }, sequence) => this.#refused({ code: error.code ?? "INPUT_REJECTED", message: error.message ?? "", client_seq: sequence }),
    };
    const ending = await route.open(route, request, session, this.#environment);
    this.#environment.clearTimeout(this.#watchdog);
    this.#environment.clearTimeout(this.#pingTimer);
    this.#link = null;
    if (ending.code === 410) this.#eventLast = null;   // As a goodbye with RESYNC_REQUIRED, by status.
    // The server would say the same on another way.
    if (ending.code >= 400 && ending.code < 500) this.#isServersWord = true;
    if (!isUseful && !this.#isClosed) this.#tell("CONNECT", ending.reason || `closed with ${ending.code}`);
    return isUseful;
  }

  async #request() {
    const { shard, sid, token, proto, events, deltas, query } = this.#options;
    const given = typeof token === "function" ? await token() : token;
    const asked = { ...query };
    const subscriber = given?.sid ?? sid;
    if (subscriber) asked.sid = subscriber;
    if (proto === 2 && events) asked.events = "1";
    if (proto === 2 && deltas) asked.deltas = "1";
    if (proto === 2 && this.#resumeToken) asked.resume_token = this.#resumeToken;
    if (proto === 2 && events && this.#eventLast !== null) asked.resume_events = this.#eventLast;
    return { shard, proto, query: asked, token: given?.token ?? given };
  }

  #opened(link) {
    if (link.isV2) return;   // Its hello makes it live.
    this.#forgetState();
    this.#setStatus("live");
  }

  // MARK: Messages

  #receive(message, bytes) {
    switch (message?.type) {
      case "hello": return this.#greeted(message);
      case "keyframe": return this.#keep(message, bytes);
      case "delta": return this.#applyDelta(message, bytes);
      case "entities": return this.#applyFrame(message, bytes);
      case "ack": return this.#acknowledge(message.client_seq, message.tick);
      case "event":
        // One that was delivered already is not delivered again, whatever a server sends.
        if (message.seq <= (this.#eventLast ?? 0)) return;
        this.#eventLast = message.seq;
        return this.emit("event", { sequence: message.seq, event: message.event });
      case "error": return this.#refused(message);
      case "pong": return this.clock.addSample({ clientMs: message.client_ms, serverMs: message.server_ms, tick: message.tick, tickAgeMs: message.tick_age_ms });
      case "bye": return this.#leave(message);
      default:   // Of a later version: not for us.
    }
  }

  #leave({ code, reason, retry_after_ms: retryAfterMs, shard }) {
    this.#retryAfterMs = retryAfterMs ?? 0;
    this.#isServersWord = true;
    if (code === "MOVED" && shard) {   // The seat and the place in the events were the old shard's.
      this.#options = { ...this.#options, shard };
      this.#resumeToken = this.#eventLast = null;
    }
    if (code === "RESYNC_REQUIRED") this.#eventLast = null;   // The events behind our cursor are gone: start without one.
    // The same caller will be refused again, and who asks often is taken for one who guesses; another token may do better.
    const isRefused = code === "UNAUTHORIZED" && typeof this.#options.token !== "function";
    if (FINAL.has(code) || isRefused) this.#isClosed = true;
    this.emit("bye", { code, reason, retryAfterMs: retryAfterMs ?? null, ...(shard ? { shard } : {}) });
    // The server closes behind it, or else we do.
    if (this.#isClosed) this.#feedWatchdog(FIRST_MESSAGE_MS);
  }

  #greeted(hello) {
    this.#forgetState();
    this.hello = hello;
    this.clock.tickRateHz = hello.tick_rate_hz;
    this.#resumeToken = hello.resume ?? null;
    const isMoved = hello.moved_from !== undefined;
    // From now on it is the other shard's: its events, and the seat to come back to.
    if (isMoved) this.#options = { ...this.#options, shard: hello.shard };
    if (hello.event_seq !== undefined) this.#eventLast = isMoved ? hello.event_seq : this.#eventLast ?? hello.event_seq;
    if (hello.state === "entities" && !this.#makeReplica(hello.schema)) return;
    if (hello.deltas) this.#states = new StateHistory();
    if (!hello.resumed) this.#unacknowledged = [];
    else if (isMoved) this.#acknowledge(hello.ack?.client_seq ?? 0, null);   // The rest was refused, or reaches the new shard.
    else this.#sendAgain(hello.ack?.client_seq ?? 0);
    this.#setStatus("live");
    this.emit("hello", hello);
    this.#pings = 0;
    this.#environment.clearTimeout(this.#pingTimer);
    this.#ping();
  }

  /** The seat is the old one: what did not arrive is sent again, in order. */
  #sendAgain(acknowledged) {
    this.#acknowledge(acknowledged, null);
    for (const { message } of this.#unacknowledged) this.#link.send(message, { isBounded: false });
  }

  #forgetState() {
    this.clock.reset();
    this.#inputLatencyMs = null;
    this.replica = null;
    this.#states = null;
    this.#keyframeAskedAt = -Infinity;
    this.#wantsKeyframe = false;
    this.tick = 0;
  }

  /** False, and the end of it, for a schema that cannot be read: another stream would bring the same. */
  #makeReplica(schema) {
    try {
      this.replica = new Replica(schema);
      return true;
    } catch (error) {
      this.#tell("SCHEMA", String(error));
      this.close();
      return false;
    }
  }

  #keep({ tick, state, json }, bytes) {
    if (json && this.#states) {
      this.#states.keep(tick, json);
      this.#acknowledgeState(tick);
    }
    this.#show(tick, state, bytes);
  }

  #applyDelta(delta, bytes) {
    let state;
    try {
      const json = this.#states?.apply(delta);
      if (!json) return this.#askForKeyframe();
      state = jsonAt(json);
    } catch (error) {
      this.#tell("FRAME", error.message);
      return this.#askForKeyframe();
    }
    this.#acknowledgeState(delta.tick);
    this.#show(delta.tick, state, bytes);
  }

  #acknowledgeState(tick) {
    if (this.#states.takeAcknowledgement()) this.#link.send(acknowledgementOf(tick));
  }

  #show(tick, state, bytes) {
    this.tick = tick;
    this.emit("state", { tick, state, ack: this.acknowledged, bytes });
  }

  #applyFrame(frame, bytes) {
    if (!this.replica) return this.#tell("FRAME", "a frame of entities in a world of JSON");
    let isApplied = false;
    try {
      isApplied = this.replica.apply(frame);
    } catch (error) {
      this.#tell("FRAME", error.message);
    }
    if (!isApplied) {
      if (this.replica.needsKeyframe) this.#askForKeyframe();
      return;
    }
    if (frame.base_age === 0) this.#wantsKeyframe = false;
    else if (this.#wantsKeyframe) this.#askForKeyframe();
    this.tick = frame.tick;
    this.#link.send(acknowledgementOf(frame.tick));
    if (this.hello.hash_ticks > 0 && frame.tick % this.hello.hash_ticks === 0) this.reportHash(frame.tick, this.replica.hash());
    if (frame.client_seq !== null) this.#acknowledge(frame.client_seq, frame.tick);
    this.emit("state", { tick: frame.tick, replica: this.replica, ack: this.acknowledged, bytes });
  }

  /** What is on its way already cannot be applied either: asks once, and again only when nothing has come of it. */
  #askForKeyframe() {
    const now = this.#environment.now();
    this.#wantsKeyframe = now - this.#keyframeAskedAt < KEYFRAME_PATIENCE_MS;
    if (this.#wantsKeyframe) return;
    this.#keyframeAskedAt = now;
    this.requestKeyframe();
  }

  #acknowledge(sequence, tick) {
    // What this client never sent was another's of the same name, before it.
    if (sequence <= this.acknowledged || sequence > this.#sequence) return;
    this.acknowledged = sequence;
    this.#measure(this.#unacknowledged.find((input) => input.sequence === sequence));
    this.#unacknowledged = this.#unacknowledged.filter((input) => input.sequence > sequence);
    this.emit("ack", { clientSequence: sequence, tick });
  }

  #measure(input) {
    if (!input) return;
    const latencyMs = this.#environment.now() - input.sentMs;
    this.#inputLatencyMs = this.#inputLatencyMs === null ? latencyMs : this.#inputLatencyMs * 0.8 + latencyMs * 0.2;
  }

  #refused({ code, message, client_seq: sequence, tick }) {
    if (typeof sequence === "number") this.#unacknowledged = this.#unacknowledged.filter((input) => input.sequence !== sequence);
    // What every later frame would build on is wrong: only a whole state helps.
    if (code === "DESYNC" && this.replica) this.#askForKeyframe();
    this.#tell(code, message, sequence, tick);
  }

  #tell(code, message, clientSequence = null, tick = undefined) {
    this.emit("error", { code, message, clientSequence, ...(tick === undefined ? {} : { tick }) });
  }

  // MARK: Time

  #ping() {
    if (!this.#link?.isV2) return;
    this.#say({ type: "ping", id: this.#pings, client_ms: this.#environment.now() });
    this.#pings += 1;
    this.#pingTimer = this.#environment.setTimeout(() => this.#ping(), this.#pings < FIRST_PINGS ? FIRST_PING_MS : PING_MS);
  }

  #say(message) { this.#link?.send(JSON.stringify(message)); }

  #feedWatchdog(ms) {
    this.#environment.clearTimeout(this.#watchdog);
    if (ms !== null) this.#watchdog = this.#environment.setTimeout(() => this.#link?.close(), ms);
  }

  #sleep(ms) {
    return new Promise((resolve) => {
      const timer = this.#environment.setTimeout(resolve, ms);
      this.#wake = () => { this.#environment.clearTimeout(timer); resolve(); };
    });
  }

  #setStatus(status) {
    if (status === this.status) return;
    this.status = status;
    this.emit("status", status);
  }
}
