// What a line asks for: to keep code under a key, or to run a function of it.
import { compileFunction } from 'node:vm';

import { HANDLERS } from './api.mjs';
import { isRecord } from './checks.mjs';

const MAX_SOURCE_BYTES = 100 * 1024;
const MAX_SECRETS = 30;
const MAX_SECRET_NAME = 128;
const MAX_SECRET = 4096;
const MAX_CODES = 1000;
const TRIGGER_BUDGET_MS = 20_000; // Auth0's limit of one trigger execution.

// The code that was handed over; what was not used for longest goes first, and is asked for again.
export class Codes {
  constructor() {
    this.known = new Map();
  }

  // Why it cannot be kept, or null.
  load(key, code) {
    if (typeof code !== 'string' || Buffer.byteLength(code) > MAX_SOURCE_BYTES) return 'the source has more than 100 kB';
    try {
      compileFunction(code, ['exports', 'require', 'module', 'console'], { filename: 'action.js' });
    } catch (error) {
      return String(error?.message ?? error).slice(0, 1000);
    }
    this.known.set(key, code);
    if (this.known.size > MAX_CODES) this.known.delete(this.known.keys().next().value);
    return null;
  }

  find(key) {
    const code = this.known.get(key);
    if (code !== undefined) {
      this.known.delete(key);
      this.known.set(key, code);
    }
    return code;
  }
}

function areSecrets(secrets) {
  if (!isRecord(secrets)) return false;
  const pairs = Object.entries(secrets);
  const isSecret = ([name, value]) => name.length <= MAX_SECRET_NAME && typeof value === 'string' && value.length <= MAX_SECRET;
  return pairs.length <= MAX_SECRETS && pairs.every(isSecret);
}

// A request, or a sentence that says why it is none.
export function readRequest(line) {
  let request;
  try {
    request = JSON.parse(line);
  } catch {
    return 'the line is no JSON';
  }
  if (!isRecord(request)) return 'the request is no object';
  const { id = null, key, code } = request;
  if (typeof key !== 'string' || key === '') return 'the key is missing';
  return code === undefined ? readRun(request) : { id, key, code };
}

function readRun({ id = null, key, handler, event, secrets = {}, cache, state, timeout_ms: asked = TRIGGER_BUDGET_MS }) {
  if (!Object.hasOwn(HANDLERS, handler)) return 'the handler is unknown';
  if (!isRecord(event)) return 'the event is no object';
  if (!areSecrets(secrets)) return 'the secrets are beyond their limits';
  const timeout_ms = Number.isFinite(asked) ? Math.min(TRIGGER_BUDGET_MS, Math.max(1, asked)) : TRIGGER_BUDGET_MS;
  const name = typeof cache === 'string' ? cache : HANDLERS[handler];
  return { id, key, handler, event, secrets, cache: name, state: typeof state === 'string' ? state : undefined, timeout_ms };
}
