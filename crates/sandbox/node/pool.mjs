// Worker threads with 128 MB each. One in which an execution hangs takes no more work, is replaced at once, and ends when
// its others have answered; one that dies fails what ran in it, and is replaced too.
import { Worker } from 'node:worker_threads';

const MAX_FAILED_STARTS = 3;
const MAX_CACHES = 1000;

export function failedAnswer(outcome, message) {
  return { ok: false, outcome, error: { name: 'Error', message, code: '', stack: '' }, result: null, duration_ms: 0, console: '' };
}

export class Pool {
  constructor(size) {
    this.crew = new Set();
    this.waiting = new Map();
    this.caches = new Map();
    this.tickets = 0;
    this.failedStarts = 0;
    for (let n = 0; n < size; n += 1) this.hire();
  }

  hire() {
    const workerOptions = {
      workerData: { caches: [...this.caches].map(([name, records]) => [name, [...records]]) },
      resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 },
      // Why: an Action has no business with what the operator's shell holds.
      env: {},
      stdout: true,
      stderr: true,
    };
    const thread = new Worker(new URL('./worker.mjs', import.meta.url), workerOptions);
    const member = { thread, tickets: new Set(), isRetired: false, isReady: false };
    thread.stdout.pipe(process.stderr, { end: false });
    thread.stderr.pipe(process.stderr, { end: false });
    thread.on('message', (message) => this.hear(member, message));
    thread.on('error', (error) => (member.error = String(error?.message ?? error).slice(0, 1000)));
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
    return this.remember(member, message);
  }

  // What one worker wrote to a cache, all others are told.
  remember(member, message) {
    const { name, key, record } = message;
    const records = this.caches.get(name) ?? new Map();
    if (record === null) records.delete(key);
    else records.set(key, record);
    this.caches.delete(name);
    this.caches.set(name, records);
    if (this.caches.size > MAX_CACHES) this.caches.delete(this.caches.keys().next().value);
    for (const other of this.crew) if (other !== member) other.thread.postMessage(message);
  }

  dismiss(member) {
    this.crew.delete(member);
    const error = member.error ?? 'the worker ended';
    for (const ticket of [...member.tickets]) this.settle(ticket, failedAnswer('crashed', error));
    if (member.isRetired) return;
    if (!member.isReady) this.failedStarts += 1;
    if (this.failedStarts < MAX_FAILED_STARTS) return this.hire();
    process.stderr.write(`no worker starts: ${error}\n`);
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
