// The way to the shard: a guest's token, then snapshots by WebSocket, or by server-sent events where sockets are blocked.

const SHARD = "main";
const FIRST_FRAME_MS = 4000;   // A route that shows nothing for this long is given up.
const SILENCE_MS = 5000;       // The shard ticks many times a second: silence means a dead connection.
const HEALTHY_MS = 5000;       // Only a stream that lived this long makes the next retry quick again.
const RETRY_MIN_MS = 500, RETRY_MAX_MS = 10000;

export class Connection {
  /** `onFrame(tick, state, byteCount)`; `onStatus("connecting" | "live" | "lost")`. */
  constructor({ onFrame, onStatus, transport, onlooker }) {
    this.onFrame = onFrame;
    this.onStatus = onStatus;
    this.onlooker = onlooker;
    this.routes = routes(transport);
    this.route = 0;
    this.guest = null;
    this.sequence = 0;
    this.sender = null;
  }

  /** What the page shows as transport. */
  get label() { return this.sender ? this.routes[this.route].label : "-"; }

  /** The id we play under, once known. */
  get sid() { return this.guest?.sid ?? null; }

  /** Runs for as long as the page does. */
  async run() {
    for (let failures = 0; ; failures++) {
      this.onStatus(failures ? "lost" : "connecting");
      const began = performance.now();
      let frames = 0;
      try {
        this.guest ??= await signIn(this.onlooker);
        const route = this.routes[this.route];
        await route.stream(this, route, () => { if (frames++ === 0) this.onStatus("live"); });
      } catch { /* Whatever went wrong, the answer is to wait and to try again. */ }
      this.sender = null;
      if (frames === 0) {
        // Perhaps the token is no longer good, perhaps this route is closed: change both.
        this.guest = null;
        this.route = (this.route + 1) % this.routes.length;
      } else if (performance.now() - began > HEALTHY_MS) {
        failures = 0;
      }
      await waitBeforeRetry(failures);
    }
  }

  /** Sends one input; returns its sequence number, or 0 when there is no connection. */
  send(input) {
    if (!this.sender) return 0;
    this.sequence += 1;
    this.sender(input, this.sequence);
    return this.sequence;
  }
}

/** The ways in, best first. The shard's own port is the main one + 3; behind a proxy all live on one name. */
function routes(only) {
  const secure = location.protocol === "https:" ? "wss:" : "ws:";
  const port = Number(location.port);
  const all = [];
  if (port) all.push({ kind: "ws", label: `WebSocket :${port + 3}`, base: `${secure}//${location.hostname}:${port + 3}`, stream: byWebSocket });
  all.push({ kind: "ws", label: "WebSocket", base: `${secure}//${location.host}`, stream: byWebSocket });
  all.push({ kind: "sse", label: "SSE", base: "", stream: byEventStream });
  const chosen = all.filter((route) => !only || route.kind === only);
  return chosen.length ? chosen : all;
}

async function signIn(onlooker) {
  const answer = await fetch("/api/auth/guest", { method: "POST" });
  if (!answer.ok) throw new Error(`guest sign-in answered ${answer.status}`);
  const { token, user_id: userID } = await answer.json();
  return { token, sid: onlooker ? `watch_${userID}` : userID };
}

/** Full jitter over an exponentially growing wait, so that a restarted server is not met by everyone at once. */
function waitBeforeRetry(failures) {
  const ceiling = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures, 10));
  return new Promise((resolve) => setTimeout(resolve, ceiling * (0.5 + Math.random() / 2)));
}

/** Calls `onExpiry` unless `feed` is called often enough: first within FIRST_FRAME_MS, then every SILENCE_MS. */
function watchdog(onExpiry) {
  let timer = setTimeout(onExpiry, FIRST_FRAME_MS);
  return {
    feed() { clearTimeout(timer); timer = setTimeout(onExpiry, SILENCE_MS); },
    stop() { clearTimeout(timer); },
  };
}

/** Frames are binary: the tick as 64 bits, big-endian, then the snapshot's JSON. Settles when the socket closes. */
function byWebSocket(connection, route, onAlive) {
  const { token, sid } = connection.guest;
  const query = `?shard=${SHARD}&sid=${encodeURIComponent(sid)}`;
  return new Promise((resolve) => {
    const socket = new WebSocket(`${route.base}/${query}`, [`bearer.${encodeURIComponent(token)}`]);
    socket.binaryType = "arraybuffer";
    const text = new TextDecoder();
    const dog = watchdog(() => { socket.close(); finish(); });
    const finish = () => { dog.stop(); socket.onmessage = socket.onclose = null; resolve(); };
    socket.onclose = finish;
    socket.onopen = () => {
      connection.sender = (input, sequence) => {
        // A socket that cannot keep up gets no more inputs until it can; the next one tells the whole state anyway.
        if (socket.bufferedAmount < 16384) socket.send(JSON.stringify({ input, client_seq: sequence }));
      };
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") return;
      dog.feed();
      onAlive();
      const tick = Number(new DataView(data).getBigUint64(0));
      connection.onFrame(tick, JSON.parse(text.decode(new Uint8Array(data, 8))), data.byteLength);
    };
  });
}

/** The same frames as events `id: tick`, `data: snapshot`. `EventSource` cannot send the token, so: fetch and split. */
async function byEventStream(connection, route, onAlive) {
  const { token, sid } = connection.guest;
  const authorization = `Bearer ${token}`;
  const abort = new AbortController();
  const dog = watchdog(() => abort.abort());
  try {
    const answer = await fetch(`/api/shards/${SHARD}/connect?sid=${encodeURIComponent(sid)}`, {
      headers: { Authorization: authorization, Accept: "text/event-stream" }, signal: abort.signal, cache: "no-store",
    });
    if (!answer.ok) throw new Error(`connect answered ${answer.status}`);
    connection.sender = inputPoster(sid, authorization);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const events = eventSplitter((id, data) => {
      dog.feed();
      onAlive();
      connection.onFrame(Number(id), JSON.parse(data), data.length + id.length + 12);
    });
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      events(value);
    }
  } finally {
    dog.stop();
    abort.abort();
  }
}

/** Splits a text/event-stream, however it was cut on the way, into its events. */
function eventSplitter(onEvent) {
  let rest = "", id = "", data = [];
  return (chunk) => {
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (data.length) onEvent(id, data.join("\n"));
        data = [];
      } else if (line.startsWith("data:")) {
        data.push(line.slice(line[5] === " " ? 6 : 5));
      } else if (line.startsWith("id:")) {
        id = line.slice(3).trim();
      }
    }
  };
}

/** Posts inputs one at a time; what comes meanwhile is merged, so that a slow way never builds a queue. */
function inputPoster(sid, authorization) {
  let waiting = null, busy = false;
  const post = async () => {
    busy = true;
    while (waiting) {
      const body = JSON.stringify({ subscriber_id: sid, ...waiting });
      waiting = null;
      await fetch(`/api/shards/${SHARD}/input`, {
        method: "POST", headers: { Authorization: authorization, "Content-Type": "application/json" }, body,
      }).catch(() => {});
    }
    busy = false;
  };
  return (input, sequence) => {
    waiting = { input: { ...waiting?.input, ...input }, client_seq: sequence };
    if (!busy) post();
  };
}
