// A peer on the loopback that misbehaves on demand. `startPeer(script)` answers each request with what `script(request)`
// returns: one of the functions of `faults`, or of `answers`. It keeps every request that it has seen.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';

export const KEY = Buffer.from('0123456789abcdef0123456789abcdef');
export const SECRET = `whsec_${KEY.toString('base64')}`;

const hmac = (key, ...parts) => parts.reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest('base64');

export function answerSignature(key, id, body) {
  return `v1,${hmac(key, `${id}.`, body)}`;
}

// Whether a request carries a signature over exactly its bytes, by the scheme of Standard Webhooks.
export function isSignedRequest({ headers, body }, key = KEY) {
  const wanted = `v1,${hmac(key, `${headers['webhook-id']}.${headers['webhook-timestamp']}.`, body)}`;
  const given = String(headers['webhook-signature']);
  return given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted));
}

export function decision(effects = [], more = {}) {
  return { decision_id: 'dec_0123456789', trigger: 'post-login', channel: 'interactive', mode: 'enforce', effects, ...more };
}

function send(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

function sendSigned(request, response, body, key = KEY) {
  send(response, 200, body, { 'countersign-signature': answerSignature(key, request.headers['webhook-id'], body) });
}

export const answers = {
  json: (value) => (request, response) => sendSigned(request, response, JSON.stringify(value)),
  text: (body) => (request, response) => sendSigned(request, response, body),
  effects: (effects, more) => answers.json(decision(effects, more)),
  status: (status) => (request, response) => sendStatus(request, response, status),
};

function sendStatus(request, response, status) {
  const body = JSON.stringify({ code: 'scripted' });
  send(response, status, body, { 'countersign-signature': answerSignature(KEY, request.headers['webhook-id'], body) });
}

// Repeats a step until the connection is gone.
function every(ms, response, step) {
  const timer = setInterval(step, ms);
  response.on('close', () => clearInterval(timer));
  response.on('error', () => clearInterval(timer));
}

function flood(response) {
  const chunk = Buffer.alloc(64 * 1024, 0x20);
  const pour = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', pour);
  response.on('error', () => undefined);
  pour();
}

const ALLOW_ALL = JSON.stringify(decision([]));

export const faults = {
  reset: (request, response) => response.socket.resetAndDestroy(),
  hung: () => undefined,
  slowHeaders: (request, response) => {
    response.socket.write('HTTP/1.1 200 OK\r\n');
    every(50, response, () => response.socket.write('x-drip: 1\r\n'));
  },
  slowBody: (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    every(50, response, () => response.write(' '));
  },
  endlessBody: (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    flood(response);
  },
  redirect: (request, response) => send(response, 307, '', { location: '/v1/decisions?again' }),
  truncated: (request, response) => {
    const headers = { 'content-length': ALLOW_ALL.length + 100 };
    response.writeHead(200, { ...headers, 'countersign-signature': answerSignature(KEY, request.headers['webhook-id'], ALLOW_ALL) });
    response.write(ALLOW_ALL, () => response.socket.destroySoon());
  },
  notHttp: (request, response) => response.socket.end('SSH-2.0-garbage\r\n\r\n'),
  garbage: answers.text('\u0000{"decision_id":'),
  oversized: answers.text(JSON.stringify(decision([], { padding: 'x'.repeat(70_000) }))),
  wrongKey: (request, response) => sendSigned(request, response, ALLOW_ALL, Buffer.alloc(32, 7)),
  unsigned: (request, response) => send(response, 200, ALLOW_ALL),
  forged: (request, response) => {
    const signature = answerSignature(KEY, request.headers['webhook-id'], JSON.stringify(decision([{ call: 'access.deny', args: ['no'] }])));
    send(response, 200, ALLOW_ALL, { 'countersign-signature': signature });
  },
  replayed: (request, response) =>
    send(response, 200, ALLOW_ALL, { 'countersign-signature': answerSignature(KEY, `msg_${'0'.repeat(32)}`, ALLOW_ALL) }),
};

export async function startPeer(script) {
  const requests = [];
  const server = createServer((message, response) => {
    const parts = [];
    message.on('error', () => undefined);
    response.on('error', () => undefined);
    message.on('data', (part) => parts.push(part));
    message.on('end', () => {
      const request = { method: message.method, url: message.url, headers: message.headers, body: Buffer.concat(parts) };
      requests.push(request);
      script(request)(request, response);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, requests, close };
}

// Runs `use` with a peer that is gone afterwards.
export async function withPeer(script, use) {
  const peer = await startPeer(script);
  try {
    return await use(peer);
  } finally {
    await peer.close();
  }
}

// A peer that keeps every byte that arrives, as it arrives, and answers each request with `status`.
export async function startRecorder(status = 503) {
  const bytes = [];
  const server = createTcpServer((socket) => {
    let seen = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (part) => {
      bytes.push(part);
      seen = Buffer.concat([seen, part]);
      const end = seen.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(seen.toString('latin1'))?.[1]);
      if (end !== -1 && seen.length >= end + 4 + length) socket.end(`HTTP/1.1 ${status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise((resolve) => server.close(resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, sent: () => Buffer.concat(bytes), close };
}

// An address on which nobody listens.
export async function refusingAddress() {
  const server = createTcpServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
