// Node's `ws`: every message goes to each client with send(), which is how its documentation broadcasts.
'use strict';
const http = require('http');
const { WebSocket, WebSocketServer } = require('ws');

// As in frames.py.
const catchUpTicksMaximum = 4;
const options = {};
for (let i = 2; i + 1 < process.argv.length; i += 2) options[process.argv[i].slice(2)] = Number(process.argv[i + 1]);

const server = http.createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
let tick = 0;

function nextMessage() {
    tick += 1;
    const microseconds = Math.floor((performance.timeOrigin + performance.now()) * 1000);
    const head = `{"ts":${microseconds},"tick":${tick},"pad":"`;
    const message = Buffer.alloc(8 + options.bytes, 'x');
    message.writeBigUInt64BE(BigInt(tick), 0);
    message.write(head, 8, 'latin1');
    message.write('"}', 8 + options.bytes - 2, 'latin1');
    return message;
}

const interval = 1000 / options.hz;
let due = performance.now() + interval;

function turn() {
    if (performance.now() >= due) {
        const message = nextMessage();
        for (const client of sockets.clients) {
            if (client.readyState === WebSocket.OPEN) client.send(message, { binary: true });
        }
        due += interval;
        const behind = Math.floor((performance.now() - due) / interval);
        if (behind >= catchUpTicksMaximum) due += behind * interval;
    }
    setTimeout(turn, Math.max(0, due - performance.now()));
}

server.listen({ port: options.port, host: '127.0.0.1', backlog: 4096 }, turn);
