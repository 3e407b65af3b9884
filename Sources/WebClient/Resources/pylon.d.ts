// The types of pylon.js.

/** JSON as `JSON.parse` gives it. */
export type JSONValue = null | boolean | number | string | JSONValue[] | { [name: string]: JSONValue };

/** "connecting" until a first stream is there, then "live" and "lost" in turns, "closed" at the end. */
export type ShardStatus = "connecting" | "live" | "lost" | "closed";

/** A bearer token, or one with the name under which its owner takes part. */
export type Credential = string | null | { token: string; sid?: string };

export interface ShardOptions {
  /** The shard's name. */
  shard: string;
  /** The name under which to take part; the caller's user id unless told. */
  sid?: string;
  /** The bearer token, or where it comes from: asked before every attempt. */
  token?: Credential | (() => Credential | Promise<Credential>);
  /** The server's origin; that of the page unless told. */
  url?: string;
  /** The one way in that may be used; the first that works unless told. */
  transport?: "ws" | "sse";
  /** The version of the stream to ask for; 2 unless told. A server that knows only 1 is spoken to in 1. */
  proto?: 1 | 2;
  /** Also follows the shard's events; version 2 only. */
  events?: boolean;
  /** Takes states of JSON as what changed since one that is here, which costs the wire less; true unless told. Version 2 only. */
  deltas?: boolean;
  /** More of the request's query, such as a join code. */
  query?: Record<string, string>;
  /** Whether to come back when the stream is cut; true unless told. */
  reconnect?: boolean;
  /** How long a stream may say nothing: 10 s where pings are answered, else for ever, unless told. */
  silenceMs?: number;
  backoff?: Backoff;
  clock?: ServerClock;
  /** What to use in place of the browser's own, for tests and other places than browsers. */
  environment?: Partial<ShardEnvironment>;
}

export interface ShardEnvironment {
  WebSocket: typeof WebSocket;
  fetch: typeof fetch;
  now(): number;
  setTimeout(body: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The first message of a stream v2, as it came. */
export interface ShardHello<Schema = EntitySchema> {
  type: "hello";
  proto: 2;
  shard: string;
  sid: string;
  tick: number;
  tick_rate_hz: number;
  ticks_per_snapshot: number;
  input_delay_ticks: number;
  inputs_per_second: number;
  reconnect_grace_ms: number;
  hash_ticks: number;
  server_ms: number;
  resume: string;
  resumed: boolean;
  state: "json" | "entities";
  schema?: Schema;
  /** States of JSON may come as deltas. */
  deltas?: boolean;
  ack: { client_seq: number; seq: number; tick: number } | null;
  /** The shard from which this very stream has come. */
  moved_from?: string;
  event_seq?: number;
}

/** A state: `state` for worlds of JSON, `replica` for worlds of entities. */
export interface ShardState<State = JSONValue> {
  tick: number;
  state?: State;
  replica?: Replica;
  /** The newest input of one's own that it contains; 0 for none. */
  ack: number;
  /** Its size as it came. */
  bytes: number;
}

export interface ShardEvents<State = JSONValue, Event = JSONValue> {
  status: ShardStatus;
  hello: ShardHello;
  state: ShardState<State>;
  event: { sequence: number; event: Event };
  /** The world contains an input now that it did not before. `tick` is null where a resumed stream tells of it. */
  ack: { clientSequence: number; tick: number | null };
  /**
   * An input or message was refused, or there is no way in (`CONNECT`), no token (`TOKEN`), no answer to a posted input (`NO_ANSWER`), or a frame
   * (`FRAME`) or schema (`SCHEMA`) cannot be read. `tick` is the one that a `DESYNC` is about.
   */
  error: { code: string; message: string; clientSequence: number | null; tick?: number };
  /**
   * The server's last words. `code` is null on a stream v1; the connection keeps to `retryAfterMs` by itself, and does not come back after
   * `FINISHED`, `STOPPED`, `REPLACED` and `PROTOCOL_ERROR`, nor after `UNAUTHORIZED` with a token that is always the same.
   */
  bye: { code: string | null; reason: string; retryAfterMs: number | null; shard?: string };
}

/** Listeners by name. */
declare class Emitter<Events> {
  /** Calls `listener` for every `name` from now on; returns a function that ends it. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => boolean;
  /** Resolves with the next `name`. */
  once<Name extends keyof Events>(name: Name): Promise<Events[Name]>;
  /** Tells the listeners of `name`. */
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void;
}

/** Connects to a shard. */
export function connect<State = JSONValue, Input = unknown, Event = JSONValue>(
  options: ShardOptions,
): ShardConnection<State, Input, Event>;

/** A connection to one shard, for as long as the caller wants it: comes back when it is cut. */
export class ShardConnection<State = JSONValue, Input = unknown, Event = JSONValue>
  extends Emitter<ShardEvents<State, Event>> {
  constructor(options: ShardOptions);
  readonly status: ShardStatus;
  /** The server's hello on this stream; null on a stream v1. */
  readonly hello: ShardHello | null;
  /** The entities, for worlds that replicate such; null otherwise. */
  readonly replica: Replica | null;
  /** The newest input that the world contains; always 0 on a stream v1. */
  readonly acknowledged: number;
  /** The tick of the newest state. */
  readonly tick: number;
  readonly backoff: Backoff;
  readonly clock: ServerClock;
  /** What a page shows as transport; "-" when there is no stream. */
  readonly transport: string;
  /** The round trip in milliseconds, of pings or else of inputs until they are applied; null while it is not known. */
  readonly latencyMs: number | null;
  /** Inputs that have not been acknowledged, oldest first; the newest 600. */
  readonly unacknowledged: readonly { input: Input; sequence: number }[];
  /** Sends one input; returns its sequence number, or 0 when nothing was sent. `tick` says which tick it is meant for. */
  send(input: Input, options?: { tick?: number }): number;
  /** Asks for the whole state; over a WebSocket of version 2 only. */
  requestKeyframe(): void;
  /**
   * Tells the server the hash, 16 hexadecimal digits, that this client's own simulation has at a tick. Of entities the connection tells it by
   * itself, and asks for a keyframe when the answer is `DESYNC`.
   */
  reportHash(tick: number, hash: string): void;
  /** Ends it for good. */
  close(): void;
  /** Runs until `close`; `connect` calls it. */
  run(): Promise<void>;
}

/** Exponential with equal jitter. */
export class Backoff {
  constructor(options?: {
    minimumMs?: number; maximumMs?: number; healthyMs?: number; random?: () => number;
  });
  minimumMs: number;
  maximumMs: number;
  healthyMs: number;
  failures: number;
  /** The wait after a stream that lived `livedMs`; `retryAfterMs` at least. */
  next(livedMs: number, retryAfterMs?: number): number;
}

/** The server's clock, and the tick it is at, as seen from here. */
export class ServerClock {
  constructor(options?: { now?: () => number });
  /** The shortest of the latest round trips; null before the first answer. */
  rttMs: number | null;
  /** What to add to `now()` to get the server's time; null before the first answer. */
  offsetMs: number | null;
  jitterMs: number;
  tickRateHz: number;
  now(): number;
  reset(): void;
  /** Takes in the answer to a ping that was sent at `clientMs`. */
  addSample(
    sample: { clientMs: number; serverMs: number; tick?: number; tickAgeMs?: number }, receivedMs?: number,
  ): void;
  /** The server's monotonic time in milliseconds; null before the first answer. */
  serverMs(now?: number): number | null;
  /** The tick the server is at, with its fraction; null where that is not known. */
  tick(now?: number): number | null;
  /** The tick in which an input sent now will be applied, about. */
  arrivalTick(now?: number): number | null;
}

export interface SnapshotMoment<State> {
  before: State;
  after: State;
  beforeTick: number;
  afterTick: number;
  /** The way from `before` to `after`; above 1 while the newest movement is carried on. */
  fraction: number;
  tick: number;
}

/** Keeps the newest states by tick and moves a shown tick along evenly, however unevenly they arrive. */
export class SnapshotBuffer<State = JSONValue> {
  constructor(options?: {
    tickMs?: number; delayMs?: number | null; delayMinimumMs?: number; delayMaximumMs?: number; extrapolateMs?: number;
  });
  tickMs: number;
  fixedDelayMs: number | null;
  delayMinimumMs: number;
  delayMaximumMs: number;
  extrapolateMs: number;
  readonly latest: { tick: number; state: State; now: number } | null;
  /** How far in the past the shown moment lies. */
  readonly delayMs: number;
  readonly intervalTicks: number;
  reset(): void;
  /** Takes in a state that arrived at `now`; false for one that is not newer than the newest. */
  push(tick: number, state: State, now: number): boolean;
  /** Moves the shown moment on and returns what is around it; null before the first state. */
  advance(now: number, elapsedMs: number): SnapshotMoment<State> | null;
  /** The states around a tick. */
  around(tick: number): SnapshotMoment<State> | null;
}

/** Client-side prediction with server reconciliation. */
export class Predictor<State extends object, Input, Difference extends object = Partial<Record<keyof State, number>>> {
  constructor(options: {
    /** The state after one input, by the same arithmetic as the simulation's. */
    apply: (state: State, input: Input) => State;
    /** What has to be added to `to` to get to `from`; by default member by member, of those that are numbers. */
    difference?: (from: State, to: State) => Difference;
    add?: (state: State, difference: Difference) => State;
    smoothMs?: number;
    snapDistance?: number;
  });
  /** The figure with every input applied; null before the first authoritative state. */
  readonly state: State | null;
  readonly pending: readonly { input: Input; sequence: number }[];
  /** How far the last authoritative state was from what had been predicted for it. */
  readonly correction: number;
  smoothMs: number;
  snapDistance: number;
  reset(): void;
  /** Applies an input of one's own that was sent as `sequence`. */
  predict(input: Input, sequence: number): State | null;
  /** Takes over an authoritative state that contains every input up to `acknowledged`. */
  reconcile(authoritative: State, acknowledged: number): State;
  /** Forgets an input that the server refused. */
  refuse(sequence: number): void;
  /** Lets the shown state come closer to the predicted one. */
  advance(elapsedMs: number): void;
  /** What to draw; null before the first authoritative state. */
  shown(): State | null;
}

/** What the entities of a world consist of, as its hello says (docs/protocol/replication.md). */
export interface EntitySchema {
  version: number;
  position: { axes: unknown[]; difference_bits: number[] };
  types: { name: string; fields: unknown[] }[];
}

/** An entity in view. It never changes: another takes its place. The fields of its type are further members. */
export interface Entity {
  readonly id: number;
  readonly type: string;
  /** Whether it is this client's own, so that its owner-only fields are known. */
  readonly isOwned: boolean;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly [field: string]: number | boolean | string;
}

/** The entities of a world as this client sees them. */
export class Replica extends Emitter<{ enter: Entity; change: Entity; leave: Entity }> {
  constructor(schema: EntitySchema);
  readonly schema: EntitySchema;
  /** The entities in view by id; another map after each frame. */
  readonly entities: ReadonlyMap<number, Entity>;
  /** Those that belong to this client. */
  readonly owned: Entity[];
  /** The tick of the present; 0 before the first frame. */
  readonly tick: number;
  /** Set when only a keyframe helps; until one is applied. */
  readonly needsKeyframe: boolean;
  /** The hash of what is in view, 16 hexadecimal digits, which the server compares with its own. */
  hash(): string;
  /** Applies a frame; false for one that is of no use. Throws `ReplicaError`, changing nothing, for what no server sends. */
  apply(frame: { tick: number; base_age: number; body: Uint8Array }): boolean;
}

export class ReplicaError extends Error {}

export {};
