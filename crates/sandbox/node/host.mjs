// Runs Actions of any trigger as Auth0 would: `node host.mjs [--workers N]`, newline-delimited JSON on stdio.
// The first line out is `{"ready":true,"node":"v…"}`; then one answer line per request line, matched by `id`, in any order.
// `{id, key, code}` hands code over once; `{id, key, handler, event, secrets, cache, state, timeout_ms}` runs a function of it.
// An Action that was never handed over, or is forgotten, is answered with the outcome `unknown`.
import { Pool, failedAnswer } from './pool.mjs';
import { Codes, readRequest } from './requests.mjs';

const MAX_LINE_BYTES = 4 * 1024 * 1024;
const MAX_ANSWER_BYTES = 1024 * 1024;

function answerLine(id, answer) {
  const line = JSON.stringify({ id, ...answer });
  const isTooLong = Buffer.byteLength(line) > MAX_ANSWER_BYTES;
  process.stdout.write(`${isTooLong ? JSON.stringify({ id, ...failedAnswer('crashed', 'the answer has more than 1 MiB') }) : line}\n`);
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

function load(codes, { id, key, code }) {
  const wrong = codes.load(key, code);
  answerLine(id, wrong === null ? { ok: true, outcome: 'loaded' } : failedAnswer('unloadable', wrong));
}

async function runHost() {
  const [flag, count] = process.argv.slice(2);
  const workers = flag === '--workers' ? Number(count) : 2;
  if ((flag !== undefined && flag !== '--workers') || !Number.isInteger(workers) || workers < 1 || workers > 64) {
    process.stderr.write('usage: node host.mjs [--workers 1..64]\n');
    process.exit(2);
  }
  process.stdout.on('error', () => process.exit(0));
  const codes = new Codes();
  const pool = new Pool(workers);
  await new Promise((resolve) => (pool.onReady = resolve));
  process.stdout.write(`${JSON.stringify({ ready: true, node: process.version })}\n`);
  const pending = new Set();
  const run = (request) => {
    const answered = new Promise((resolve) => pool.run(request, (answer) => resolve(answerLine(request.id, answer))));
    pending.add(answered);
    answered.then(() => pending.delete(answered));
  };
  for await (const line of linesOf(process.stdin)) {
    if (line !== null && line.trim() === '') continue;
    const request = line === null ? 'the line has more than 4 MiB' : readRequest(line);
    if (typeof request === 'string') answerLine(null, failedAnswer('crashed', request));
    else if (request.code !== undefined) load(codes, request);
    else {
      const code = codes.find(request.key);
      if (code === undefined) answerLine(request.id, failedAnswer('unknown', 'the code was not handed over'));
      else run({ ...request, code });
    }
  }
  await Promise.all(pending);
  process.stdout.write('', () => process.exit(0));
}

await runHost();
