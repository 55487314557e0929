// Runs one Action of any trigger as Auth0 would: `node host.mjs <action.js> [--workers N]`, newline-delimited JSON on stdio.
// The first line out is `{"ready":true,"node":"v…"}`; then one answer line per request line, matched by `id`, in any order.
// The Action runs in worker threads with 128 MB each. It may only require `crypto`, and its console goes to stderr.
// A worker in which an execution hangs takes no more work, is replaced at once, and ends when its others have answered.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import { ASYNCHRONOUS, HANDLERS, createApi, createCache } from './api.mjs';

const MAX_LINE_BYTES = 4 * 1024 * 1024;
const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_CONSOLE_CHARS = 256; // What Auth0 keeps of an execution's console.
const TRIGGER_BUDGET_MS = 20_000; // Auth0's limit of one trigger execution.
const MAX_FAILED_STARTS = 3;

const errorText = (error) => String(error?.stack ?? error).slice(0, 2000);

// ---- in a worker ----

function loadAction(path) {
  const nodeRequire = createRequire(import.meta.url);
  const limitedRequire = (name) => {
    if (name === 'crypto' || name === 'node:crypto') return nodeRequire('node:crypto');
    throw new Error(`an Action here cannot require \`${name}\``);
  };
  let charsLeft = MAX_CONSOLE_CHARS;
  const write = (...parts) => {
    const line = parts.map(String).join(' ').slice(0, Math.max(0, charsLeft));
    charsLeft -= line.length;
    if (line !== '') process.stderr.write(`${line}\n`);
  };
  const quiet = { log: write, info: write, warn: write, error: write, debug: write };
  const module = { exports: {} };
  const run = compileFunction(readFileSync(path, 'utf8'), ['exports', 'require', 'module', 'console'], { filename: path });
  run(module.exports, limitedRequire, module, quiet);
  return { exports: module.exports, renewConsole: () => (charsLeft = MAX_CONSOLE_CHARS) };
}

async function execute(action, cache, { handler, event, secrets }) {
  action.renewConsole();
  const ownEvent = { ...event, secrets: secrets ?? {} };
  const { api, result } = createApi({ event: structuredClone(ownEvent), handler, cache });
  const started = performance.now();
  let outcome = 'returned';
  let error = null;
  try {
    await action.exports[handler](ownEvent, api);
  } catch (thrown) {
    outcome = 'threw';
    error = errorText(thrown);
  }
  const duration_ms = Math.round((performance.now() - started) * 1000) / 1000;
  const end = result();
  // Auth0 fails a transaction whose Action throws, unless it does not wait for it; nothing that it asked for counts.
  const denied = { reason: 'the action threw', transaction_failed: true };
  const isWaitedFor = !ASYNCHRONOUS.includes(HANDLERS[handler]);
  const failed = { ...end, ...(isWaitedFor ? { decision: 'deny', denied } : { decision: 'allow', denied: null }), challenge: [] };
  return { ok: outcome === 'returned', outcome, error, result: outcome === 'returned' ? end : failed, duration_ms };
}

function runWorker() {
  const action = loadAction(workerData.path);
  const cache = createCache({ onWrite: (key, record) => parentPort.postMessage({ type: 'cache', key, record }) });
  for (const [key, record] of workerData.cache) cache.put(key, record);
  parentPort.on('message', async (message) => {
    if (message.type === 'cache') {
      cache.put(message.key, message.record);
      return;
    }
    const answer = await execute(action, cache, message.request);
    parentPort.postMessage({ type: 'answer', ticket: message.ticket, answer });
  });
  parentPort.postMessage({ type: 'ready' });
}

// ---- in the main thread ----

function failedAnswer(outcome, error) {
  return { ok: false, outcome, error, result: null, duration_ms: 0 };
}

function writeLine(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

class Pool {
  constructor(path, size) {
    this.path = path;
    this.crew = new Set();
    this.waiting = new Map();
    this.cache = new Map();
    this.tickets = 0;
    this.failedStarts = 0;
    for (let n = 0; n < size; n += 1) this.hire();
  }

  hire() {
    const workerOptions = {
      workerData: { path: this.path, cache: [...this.cache] },
      resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 },
      stdout: true,
      stderr: true,
    };
    const thread = new Worker(new URL(import.meta.url), workerOptions);
    const member = { thread, tickets: new Set(), isRetired: false, isReady: false };
    thread.stdout.pipe(process.stderr, { end: false });
    thread.stderr.pipe(process.stderr, { end: false });
    thread.on('message', (message) => this.hear(member, message));
    thread.on('error', (error) => (member.error = errorText(error)));
    thread.on('exit', () => this.dismiss(member));
    this.crew.add(member);
  }

  hear(member, message) {
    if (message.type === 'answer') return this.settle(message.ticket, message.answer);
    if (message.type === 'ready') {
      member.isReady = true;
      this.failedStarts = 0;
      this.onReady?.();
      return undefined;
    }
    if (message.record === null) this.cache.delete(message.key);
    else this.cache.set(message.key, message.record);
    for (const other of this.crew) if (other !== member) other.thread.postMessage(message);
    return undefined;
  }

  dismiss(member) {
    this.crew.delete(member);
    const error = member.error ?? 'the worker ended';
    for (const ticket of [...member.tickets]) this.settle(ticket, failedAnswer('crashed', error));
    if (member.isRetired) return;
    if (!member.isReady) this.failedStarts += 1;
    if (this.failedStarts < MAX_FAILED_STARTS) return this.hire();
    process.stderr.write(`the action cannot be loaded: ${error}\n`);
    process.exit(1);
  }

  run(request, onAnswer) {
    const able = [...this.crew].filter((member) => !member.isRetired);
    const member = able.reduce((best, other) => (other.tickets.size < best.tickets.size ? other : best));
    const ticket = (this.tickets += 1);
    const started = performance.now();
    const timer = setTimeout(() => this.giveUp(member, ticket, started), request.timeout_ms);
    this.waiting.set(ticket, { member, timer, onAnswer });
    member.tickets.add(ticket);
    member.thread.postMessage({ type: 'run', ticket, request });
  }

  giveUp(member, ticket, started) {
    if (!member.isRetired) {
      member.isRetired = true;
      this.hire();
    }
    const duration_ms = Math.round(performance.now() - started);
    this.settle(ticket, { ...failedAnswer('timeout', 'the execution took longer than `timeout_ms`'), duration_ms });
  }

  settle(ticket, answer) {
    const entry = this.waiting.get(ticket);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    this.waiting.delete(ticket);
    entry.member.tickets.delete(ticket);
    if (entry.member.isRetired && entry.member.tickets.size === 0) entry.member.thread.terminate();
    entry.onAnswer(answer);
  }
}

// A request that can be run, or a sentence that says why it is none.
function readRequest(line) {
  let request;
  try {
    request = JSON.parse(line);
  } catch {
    return 'the line is no JSON';
  }
  if (typeof request !== 'object' || request === null) return 'the request is no object';
  if (!Object.hasOwn(HANDLERS, request.handler)) return 'the handler is unknown';
  if (typeof request.event !== 'object' || request.event === null || Array.isArray(request.event)) return 'the event is no object';
  const { id = null, handler, event, secrets = {}, timeout_ms: asked = TRIGGER_BUDGET_MS } = request;
  const timeout_ms = Number.isFinite(asked) ? Math.min(TRIGGER_BUDGET_MS, Math.max(1, asked)) : TRIGGER_BUDGET_MS;
  return { id, handler, event, secrets, timeout_ms };
}

function answerLine(id, answer) {
  const line = { id, ...answer };
  const isTooLong = Buffer.byteLength(JSON.stringify(line)) > MAX_ANSWER_BYTES;
  writeLine(isTooLong ? { id, ...failedAnswer('crashed', 'the answer has more than 1 MiB') } : line);
}

// Splits a stream into lines of bounded length; a longer one arrives as null.
async function* linesOf(stream) {
  let parts = [];
  let size = 0;
  const take = () => {
    const line = size > MAX_LINE_BYTES ? null : Buffer.concat(parts).toString('utf8');
    parts = [];
    size = 0;
    return line;
  };
  const add = (part) => {
    size += part.length;
    if (size > MAX_LINE_BYTES) parts = [];
    else parts.push(part);
  };
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      add(chunk.subarray(from, end));
      from = end + 1;
      yield take();
    }
    add(chunk.subarray(from));
  }
  if (size > 0) yield take();
}

async function runHost() {
  const [path, flag, count] = process.argv.slice(2);
  const workers = flag === '--workers' ? Number(count) : 2;
  if (path === undefined || !Number.isInteger(workers) || workers < 1 || workers > 64) {
    process.stderr.write('usage: node host.mjs <action.js> [--workers 1..64]\n');
    process.exit(2);
  }
  process.stdout.on('error', () => process.exit(0));
  const pool = new Pool(path, workers);
  await new Promise((resolve) => (pool.onReady = resolve));
  writeLine({ ready: true, node: process.version });
  const pending = new Set();
  for await (const line of linesOf(process.stdin)) {
    if (line !== null && line.trim() === '') continue;
    const request = line === null ? 'the line has more than 4 MiB' : readRequest(line);
    if (typeof request === 'string') {
      answerLine(null, failedAnswer('crashed', request));
      continue;
    }
    const answered = new Promise((resolve) => pool.run(request, (answer) => resolve(answerLine(request.id, answer))));
    pending.add(answered);
    answered.then(() => pending.delete(answered));
  }
  await Promise.all(pending);
  process.stdout.write('', () => process.exit(0));
}

if (isMainThread) await runHost();
else runWorker();
