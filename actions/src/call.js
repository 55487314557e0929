'use strict';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

// Why something failed: a short word of ours, never text from outside.
function failure(reason) {
  const error = new Error(reason);
  error.reason = reason;
  return error;
}

// The address of an endpoint below the configured base, or null when the base is not https (http only on this machine).
function endpoint(base, path) {
  if (typeof base !== 'string') return null;
  let url;
  try {
    url = new URL(base.trim());
  } catch {
    return null;
  }
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.includes(url.hostname));
  if (!isSafe || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return null;
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}${path}`;
}

// Reads a body chunk by chunk. Why: `text()` and `json()` have no bound and do not always settle after an abort.
async function readBounded(response, maxBytes) {
  if (response.body === null) return Buffer.alloc(0);
  const reader = response.body.getReader();
  const chunks = [];
  let total = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, total);
    total += value.byteLength;
    if (total > maxBytes) throw failure('too_large');
    chunks.push(value);
  }
}

async function exchange(url, headers, body, maxBytes, signal) {
  const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  const status = response.status;
  if (status !== 200) return { status, signature: null, body: Buffer.alloc(0) };
  const encoding = response.headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') throw failure('bad_answer');
  return { status, signature: response.headers.get('countersign-signature'), body: await readBounded(response, maxBytes) };
}

// One POST that ends within `deadlineMs`, whatever the peer does. Rejects with a `reason`: timeout, network, too_large or bad_answer.
async function post(url, headers, body, deadlineMs, maxBytes) {
  const controller = new AbortController();
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(failure('timeout')), deadlineMs);
  });
  const running = exchange(url, headers, body, maxBytes, controller.signal);
  // Why: the loser of the race may fail later, and nobody waits for it then.
  running.catch(() => undefined);
  try {
    return await Promise.race([running, deadline]);
  } catch (error) {
    throw typeof error.reason === 'string' ? error : failure('network');
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}

module.exports = { post, endpoint, failure };
