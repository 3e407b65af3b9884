// The ways to a shard: WebSocket on its own port or on the main one, server-sent events where sockets are blocked.

/** Beyond so many bytes in the socket's own queue inputs wait for nothing: the next ones are newer. */
const BUFFERED_MAXIMUM = 64 * 1024;
/** How much later than an input's connection the stream may be found to have ended. */
const STREAM_END_PATIENCE_MS = 1000;
/** Inputs waiting to be posted one after the other. */
const POSTS_MAXIMUM = 256;

/** The ways in, best first. The shard port is the main one + 3; behind a proxy all live on one name. */
export function routes(url, only) {
  const base = new URL(url);
  const secure = base.protocol === "https:" ? "wss:" : "ws:";
  const all = [];
  if (base.port) {
    const port = Number(base.port) + 3;
    all.push({ kind: "ws", label: `WebSocket :${port}`, base: `${secure}//${base.hostname}:${port}/`, open: openWebSocket });
  }
  all.push({ kind: "ws", label: "WebSocket", base: `${secure}//${base.host}/`, open: openWebSocket });
  all.push({ kind: "sse", label: "SSE", base: base.origin, open: openEventStream });
  const chosen = all.filter((route) => !only || route.kind === only);
  if (!chosen.length) throw new TypeError(`there is no transport "${only}"`);
  return chosen;
}

/** So many attempts go the best way in a row, before the others get one each. */
const ATTEMPTS_AT_BEST = 4;

/**
 * Which way in is tried next, of `count` that are listed best first. While none has been of any use each gets its turn. Afterwards the best that
 * ever was gets most of them: a server that starts anew is away for a while on every way, which says nothing of any of them; and one that is worse
 * is left again when its stream is cut.
 */
export class RouteChoice {
  #count;
  #best = null;
  #failures = 0;

  constructor(count) {
    this.#count = count;
    this.current = 0;
  }

  /** The stream was of use; it has ended. */
  succeeded() {
    this.#best = Math.min(this.#best ?? this.current, this.current);
    this.#failures = 0;
    this.current = this.#best;
  }

  /** Nothing came this way. */
  failed() {
    this.#failures += 1;
    if (this.#best === null) {
      this.current = (this.current + 1) % this.#count;
      return;
    }
    const turn = this.#failures % (ATTEMPTS_AT_BEST + this.#count);
    this.current = turn < ATTEMPTS_AT_BEST ? this.#best : turn - ATTEMPTS_AT_BEST;
  }
}

/**
 * Opens a WebSocket. `session` is told `opened(link)` and `message(string or Uint8Array)`; the promise is settled with why it ended,
 * `{ code, reason }`. `link.send(textOrBytes)` says whether the message went.
 */
function openWebSocket(route, request, session, environment) {
  const query = new URLSearchParams({ shard: request.shard });
  for (const [name, value] of Object.entries(request.query)) query.set(name, value);
  const protocols = [];
  if (request.proto === 2) protocols.push("pylon.v2");
  if (request.token) protocols.push(`bearer.${encodeURIComponent(request.token)}`);
  return new Promise((resolve) => {
    let socket;
    try {
      socket = new environment.WebSocket(`${route.base}?${query}`, protocols);
    } catch (error) {
      // There is none here, or none of this kind: the next way in may do.
      return resolve({ code: 1006, reason: String(error) });
    }
    socket.binaryType = "arraybuffer";
    const finish = (ending) => {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      resolve(ending);
    };
    const link = {
      isV2: false,
      send(message, { isBounded = true } = {}) {
        if (socket.readyState !== 1 || (isBounded && socket.bufferedAmount > BUFFERED_MAXIMUM)) return false;
        socket.send(message);
        return true;
      },
      close() {
        socket.close(1000);
        finish({ code: 1000, reason: "closed here" });
      },
    };
    session.linked(link);
    socket.onopen = () => {
      link.isV2 = socket.protocol === "pylon.v2";
      session.opened(link);
    };
    socket.onmessage = ({ data }) => {
      session.message(typeof data === "string" ? data : new Uint8Array(data));
    };
    socket.onclose = ({ code, reason }) => finish({ code, reason });
  });
}

/** The same by server-sent events. `EventSource` cannot send the token in a header, so: fetch, and split the text. */
async function openEventStream(route, request, session, environment) {
  const abort = new AbortController();
  const headers = request.token ? { Authorization: `Bearer ${request.token}` } : {};
  const path = `${route.base}/api/shards/${encodeURIComponent(request.shard)}`;
  const inputs = poster(path, headers, request.query.sid, session, environment);
  const link = { isV2: false, send: inputs.send, close: () => abort.abort() };
  session.linked(link);
  try {
    const query = new URLSearchParams(request.query);
    if (request.proto === 2) query.set("proto", "2");
    const answer = await environment.fetch(`${path}/connect?${query}`, {
      headers: { ...headers, Accept: "text/event-stream" }, signal: abort.signal, cache: "no-store",
    });
    if (!answer.ok) return { code: answer.status, reason: await refusal(answer) };
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let isOpened = false;
    const split = eventSplitter((event) => {
      // Only the first event tells which version the server speaks.
      if (!isOpened) {
        isOpened = true;
        link.isV2 = event.name === "hello";
        session.opened(link);
      }
      session.event(event);
    });
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return { code: 1000, reason: "the stream ended" };
      split(value);
    }
  } catch (error) {
    return { code: 1006, reason: String(error) };
  } finally {
    // What still waits is sent over the next stream, if the seat is kept: not twice.
    inputs.stop();
    abort.abort();
  }
}

async function refusal(answer) {
  try {
    const { error } = await answer.json();
    return `${error.code}: ${error.message}`;
  } catch {
    return `status ${answer.status}`;
  }
}

/** Splits a text/event-stream, however it was cut on the way, into `{ name, id, data }`. */
export function eventSplitter(onEvent, lengthMaximum = 16 * 1024 * 1024) {
  let rest = "", id = "", name = "message", data = [];
  return (chunk) => {
    // A carriage return at the end may be half of a line's end.
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    if (rest.length > lengthMaximum || data.length > lengthMaximum) throw new RangeError("an event is too long");
    for (const line of lines) {
      if (line === "") {
        if (data.length) onEvent({ name, id, data: data.join("\n") });
        data = [];
        name = "message";
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
      if (field === "data") data.push(value);
      else if (field === "id") id = value;
      else if (field === "event") name = value || "message";
    }
  };
}

/** Posts inputs one at a time, in order; what is not an input has no way up. */
function poster(path, headers, sid, session, environment) {
  const waiting = [];
  const abort = new AbortController();
  let busy = false, isStopped = false;
  /** What becomes of an input once the stream is over is told by the next hello. */
  const refuse = (answer, sequence) => { if (!isStopped) session.refused(answer, sequence); };
  const post = async () => {
    busy = true;
    while (waiting.length) {
      const { message, sequence } = waiting.shift();
      try {
        const answer = await environment.fetch(`${path}/input`, {
          method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: message, signal: abort.signal,
        });
        if (!answer.ok) refuse(await answer.json().catch(() => ({})), sequence);
      } catch (error) {
        // What took the answer may have taken the stream: the next hello tells then what arrived, and nothing may be posted before that.
        await new Promise((resolve) => environment.setTimeout(resolve, STREAM_END_PATIENCE_MS));
        refuse({ error: { code: "NO_ANSWER", message: String(error) } }, sequence);
      }
    }
    busy = false;
  };
  const send = (text, { isBounded = true } = {}) => {
    const message = typeof text === "string" ? JSON.parse(text) : {};
    if (!("input" in message) || (isBounded && waiting.length >= POSTS_MAXIMUM)) return false;
    waiting.push({ message: JSON.stringify({ subscriber_id: sid, ...message }), sequence: message.client_seq });
    if (!busy) post();
    return true;
  };
  const stop = () => {
    isStopped = true;
    waiting.length = 0;
    abort.abort();
  };
  return { send, stop };
}
