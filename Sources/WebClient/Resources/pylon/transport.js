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
    const socket = new environment.WebSocket(`${route.base}?${query}`, protocols);
    socket.binaryType = "arraybuffer";
    const finish = (ending) => {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      resolve(ending);
    };
    const link = {
      isV2: false,
      send(message) {
        if (socket.readyState !== 1 || socket.bufferedAmount > BUFFERED_MAXIMUM) return false;
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
export function eventSplitter(onEvent) {
  let rest = "", id = "", name = "message", data = [];
  return (chunk) => {
    // A carriage return at the end may be half of a line's end.
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
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
  let busy = false;
  const post = async () => {
    busy = true;
    while (waiting.length) {
      const { message, sequence } = waiting.shift();
      try {
        const answer = await environment.fetch(`${path}/input`, {
          method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: message,
        });
        if (!answer.ok) session.refused(await answer.json().catch(() => ({})), sequence);
      } catch {
        // What took the answer may have taken the stream: the next hello tells then what arrived, and nothing may be posted before that.
        await new Promise((resolve) => environment.setTimeout(resolve, STREAM_END_PATIENCE_MS));
      }
    }
    busy = false;
  };
  const send = (text) => {
    const message = typeof text === "string" ? JSON.parse(text) : {};
    if (!("input" in message) || waiting.length >= POSTS_MAXIMUM) return false;
    waiting.push({ message: JSON.stringify({ subscriber_id: sid, ...message }), sequence: message.client_seq });
    if (!busy) post();
    return true;
  };
  return { send, stop: () => { waiting.length = 0; } };
}
