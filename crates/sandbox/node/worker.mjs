// Runs executions of many Actions in one thread: code is compiled once by key, its console is kept apart by execution.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';

import { ASYNCHRONOUS, HANDLERS, createApi, createCache } from './api.mjs';

const MAX_CONSOLE_CHARS = 256; // What Auth0 keeps of an execution's console.
const MAX_MODULES = 1000;
// What an Action may require here: nothing that reaches files, processes or the network past `fetch`.
const ALLOWED = ['assert', 'buffer', 'crypto', 'events', 'querystring', 'string_decoder', 'url', 'util'];

const nodeRequire = createRequire(import.meta.url);
const consoles = new AsyncLocalStorage();
const modules = new Map();
const caches = new Map(workerData.caches.map(([name, records]) => [name, cacheOf(name, records)]));

function errorOf(thrown) {
  const text = (value, max) => String(value ?? '').slice(0, max);
  if (!(thrown instanceof Error)) return { name: 'Error', message: text(thrown, 1000), code: '', stack: '' };
  return { name: text(thrown.name, 100), message: text(thrown.message, 1000), code: text(thrown.code, 100), stack: text(thrown.stack, 2000) };
}

function cacheOf(name, records = []) {
  const cache = createCache({ onWrite: (key, record) => parentPort.postMessage({ type: 'cache', name, key, record }) });
  for (const [key, record] of records) cache.put(key, record);
  return cache;
}

function cacheNamed(name) {
  if (!caches.has(name)) caches.set(name, cacheOf(name));
  return caches.get(name);
}

function limitedRequire(name) {
  const bare = String(name).replace(/^node:/, '');
  if (ALLOWED.includes(bare)) return nodeRequire(`node:${bare}`);
  throw new Error(`an Action here cannot require \`${name}\``);
}

function write(...parts) {
  const kept = consoles.getStore();
  if (kept === undefined || kept.text.length >= MAX_CONSOLE_CHARS) return;
  kept.text = `${kept.text}${parts.map(String).join(' ')}\n`.slice(0, MAX_CONSOLE_CHARS);
}
const quiet = { log: write, info: write, warn: write, error: write, debug: write };

function moduleOf(key, code) {
  if (!modules.has(key)) {
    if (modules.size >= MAX_MODULES) modules.delete(modules.keys().next().value);
    const module = { exports: {} };
    const run = compileFunction(code, ['exports', 'require', 'module', 'console'], { filename: 'action.js' });
    run(module.exports, limitedRequire, module, quiet);
    modules.set(key, module);
  }
  return modules.get(key).exports;
}

// Auth0 fails a transaction whose Action throws, unless it does not wait for it; nothing that it asked for counts.
function afterThrow(end, handler) {
  const denied = { reason: 'the action threw', transaction_failed: true };
  const isWaitedFor = !ASYNCHRONOUS.includes(HANDLERS[handler]);
  return { ...end, ...(isWaitedFor ? { decision: 'deny', denied } : { decision: 'allow', denied: null }), challenge: [] };
}

async function execute({ key, code, handler, event, secrets, cache, state }) {
  const ownEvent = { ...event, secrets };
  const { api, result } = createApi({ event: structuredClone(ownEvent), handler, cache: cacheNamed(cache), transactionState: state });
  const started = performance.now();
  let error = null;
  try {
    const action = moduleOf(key, code);
    // Why: a factor may be asked for without a function that goes on afterwards; then there is nothing to run.
    const isLeftOut = handler.startsWith('onContinue') && action[handler] === undefined;
    if (!isLeftOut) await action[handler](ownEvent, api);
  } catch (thrown) {
    error = errorOf(thrown);
  }
  const duration_ms = Math.round((performance.now() - started) * 1000) / 1000;
  const isOk = error === null;
  const end = isOk ? result() : afterThrow(result(), handler);
  return { ok: isOk, outcome: isOk ? 'returned' : 'threw', error, result: end, duration_ms };
}

parentPort.on('message', async (message) => {
  if (message.type === 'cache') {
    cacheNamed(message.name).put(message.key, message.record);
    return;
  }
  const kept = { text: '' };
  const answer = await consoles.run(kept, () => execute(message.request));
  parentPort.postMessage({ type: 'answer', ticket: message.ticket, answer: { ...answer, console: kept.text } });
});
parentPort.postMessage({ type: 'ready' });
