// The Node host over its own protocol: many at once, a hung one, a crashed one, an orderly end.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ENFORCE, editedDist, fixture } from './action.mjs';
import { FLOWS, eventOf } from './flows.mjs';
import { SECRET, answers, startPeer } from './peer.mjs';

const HOST = fileURLToPath(new URL('../../crates/sandbox/node/host.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'countersign-host-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// An Action that does what `event.do` says.
const PUPPET = join(folder, 'puppet.js');
writeFileSync(PUPPET, `
exports.onExecutePostLogin = async (event, api) => {
  switch (event.do) {
    case 'throw': throw new Error('as asked');
    case 'hang': return new Promise(() => setInterval(() => undefined, 1000));
    case 'block': for (;;);
    case 'exit': return process.exit(3);
    case 'hoard': { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)); }
    case 'log': return console.log('x'.repeat(1000));
    case 'require': return require('fs');
    case 'undocumented': return api.session.destroy();
    case 'write': return void api.cache.set('k', 'v');
    case 'read': return void api.transaction.setMetadata('seen', String(api.cache.get('k')?.value));
    case 'big': for (let n = 0; n < 900; n += 1) api.samlResponse.setIssuer('x'.repeat(2000)); return undefined;
    default: return void api.idToken.setCustomClaim('https://a.example/n', event.n);
  }
};
exports.onContinuePostLogin = async () => undefined;
`);

async function startHost(action = PUPPET, workers = 2) {
  const child = spawn(process.execPath, [HOST, '--workers', String(workers)]);
  after(() => child.kill());
  let stderr = '';
  child.stderr.on('data', (part) => (stderr += part));
  const waiting = new Map();
  const lines = [];
  let onReady;
  const ready = new Promise((resolve) => (onReady = resolve));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line);
    lines.push(answer);
    if (answer.ready) onReady(answer);
    else waiting.get(answer.id)?.(answer);
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const first = await Promise.race([ready, ended]);
  const send = (request) =>
    new Promise((resolve) => {
      waiting.set(request.id, resolve);
      child.stdin.write(`${JSON.stringify(request)}\n`);
    });
  const ask = (id, event, more = {}) => send({ id, key: 'it', handler: 'onExecutePostLogin', event, secrets: {}, timeout_ms: 5000, ...more });
  const load = (path, key = 'it') => send({ id: `load ${key}`, key, code: readFileSync(path, 'utf8') });
  const loaded = await load(action);
  const end = () => (child.stdin.end(), ended);
  return { child, first, loaded, load, send, ask, end, ended, lines, waiting, stderr: () => stderr };
}

test('it says that it is ready, answers many at once by id, and ends with its input', async () => {
  const host = await startHost();
  assert.deepEqual(host.first, { ready: true, node: process.version });
  const results = await Promise.all(Array.from({ length: 200 }, (_, n) => host.ask(n, { n })));
  results.forEach(({ ok, outcome, error, result, duration_ms: ms }, n) => {
    assert.deepEqual([ok, outcome, error], [true, 'returned', null]);
    assert.deepEqual(result.claims.id_token, { 'https://a.example/n': n });
    assert.deepEqual(result.calls, [{ call: 'idToken.setCustomClaim', args: ['https://a.example/n', n] }]);
    assert.ok(ms >= 0);
  });
  assert.equal(await host.end(), 0);
});

test('what is under way at the end of input is still answered', async () => {
  const host = await startHost();
  const asked = [host.ask(1, { n: 1 }), host.ask(2, { do: 'hang' }, { timeout_ms: 200 })];
  assert.equal(await host.end(), 0);
  assert.deepEqual((await Promise.all(asked)).map(({ outcome }) => outcome), ['returned', 'timeout']);
});

test('a throw fails the login, and the host lives', async () => {
  const host = await startHost();
  const cases = [['throw', /as asked/], ['require', /cannot require/], ['undocumented', /not documented/]];
  for (const [what, error] of cases) {
    const answer = await host.ask(what, { do: what });
    assert.deepEqual([answer.ok, answer.outcome, answer.result.decision], [false, 'threw', 'deny']);
    assert.match(answer.error.message, error);
  }
  assert.equal((await host.ask('n', { n: 1 })).ok, true);
  await host.end();
});

test('a hung or blocked execution times out and its worker is replaced', async () => {
  const host = await startHost(PUPPET, 1);
  for (const what of ['hang', 'block', 'hang', 'block']) {
    const answer = await host.ask(what, { do: what }, { timeout_ms: 200 });
    assert.deepEqual([answer.ok, answer.outcome, answer.result], [false, 'timeout', null]);
    assert.ok(answer.duration_ms < 1000);
    assert.equal((await host.ask('n', { n: 1 })).ok, true);
  }
  await host.end();
});

test('a worker that dies or hoards memory crashes its execution only', async () => {
  const host = await startHost(PUPPET, 1);
  for (const what of ['exit', 'hoard']) {
    const answer = await host.ask(what, { do: what }, { timeout_ms: 20_000 });
    assert.deepEqual([answer.ok, answer.outcome], [false, 'crashed'], what);
    assert.equal((await host.ask('n', { n: 1 })).ok, true);
  }
  await host.end();
});

test('lines that are no request are answered, not fatal', async () => {
  const host = await startHost();
  const odd = ['nonsense', '7', '{"id":1}', '{"id":1,"key":"it","handler":"toString","event":{}}', '{"id":1,"key":"it","handler":"onExecutePostLogin","event":[]}', 'x'.repeat(5_000_000)];
  for (const line of odd) host.child.stdin.write(`${line}\n`);
  assert.equal((await host.ask(9, { n: 1 })).ok, true);
  assert.equal(host.lines.filter(({ id, ok }) => id === null && ok === false).length, odd.length);
  assert.match((await host.ask(10, { do: 'big' })).error.message, /more than 1 MiB/);
  assert.equal(await host.end(), 0);
});

test('the cache is shared by the workers and the console is bounded', async () => {
  const host = await startHost(PUPPET, 2);
  await host.ask('w', { do: 'write' });
  const seen = await Promise.all(Array.from({ length: 6 }, (_, n) => host.ask(n, { do: 'read' })));
  assert.deepEqual(seen.map(({ result }) => result.transaction_metadata.seen), Array(6).fill('v'));
  await host.ask('w2', { do: 'write' }, { cache: 'another trigger' });
  assert.equal((await host.ask('r', { do: 'read' }, { cache: 'a third one' })).result.transaction_metadata.seen, 'undefined');
  const logged = await Promise.all(['a', 'b'].map((id) => host.ask(id, { do: 'log' })));
  for (const { console } of logged) assert.equal(console, 'x'.repeat(256));
  await host.end();
});

test('many Actions share the host, each by its key, and code that is none is refused', async () => {
  const host = await startHost();
  const code = (name) => `let calls = 0; module.exports = { onExecutePostLogin: async (event, api) => { calls += 1; api.user.setAppMetadata('is', \`${name} \${calls}\`); } };`;
  for (const key of ['a', 'b']) assert.equal((await host.send({ id: key, key, code: code(key) })).outcome, 'loaded');
  const seen = [];
  for (const key of ['a', 'b', 'a']) seen.push((await host.ask(key, {}, { key })).result.app_metadata.is[0]);
  assert.deepEqual(seen, ['a', 'b', 'a']);
  for (const bad of ['exports.onExecutePostLogin = (', `// ${'x'.repeat(102_400)}`]) {
    assert.equal((await host.send({ id: 'bad', key: 'bad', code: bad })).outcome, 'unloadable');
    assert.equal((await host.ask('run', {}, { key: 'bad' })).outcome, 'unknown');
  }
  const thrower = await host.send({ id: 't', key: 't', code: "throw new Error('at the top')" });
  assert.equal(thrower.outcome, 'loaded');
  assert.equal((await host.ask('t', {}, { key: 't' })).error.message, 'at the top');
  await host.end();
});

test('an Action without a function to go on with goes on, and one without a first function fails', async () => {
  const host = await startHost();
  await host.send({ id: 'e', key: 'e', code: 'exports.onExecutePostLogin = async () => undefined;' });
  assert.equal((await host.ask(1, {}, { key: 'e', handler: 'onContinuePostLogin' })).outcome, 'returned');
  assert.equal((await host.ask(2, {}, { key: 'e', handler: 'onExecutePostChallenge' })).outcome, 'threw');
  await host.end();
});

test('secrets beyond their limits are refused', async () => {
  const host = await startHost();
  const many = Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`S${n}`, 'x']));
  const odd = [many, { ['k'.repeat(129)]: 'x' }, { K: 'x'.repeat(4097) }, { K: 1 }, []];
  for (const secrets of odd) host.child.stdin.write(`${JSON.stringify({ id: 1, key: 'it', handler: 'onExecutePostLogin', event: {}, secrets })}\n`);
  assert.equal((await host.ask(9, { n: 1 })).ok, true);
  assert.equal(host.lines.filter(({ id, ok }) => id === null && ok === false).length, odd.length);
  await host.end();
});

test('the built Action runs in it', async () => {
  const peer = await startPeer(() => answers.effects([{ call: 'authentication.challengeWithAny', args: [[{ type: 'otp' }]] }]));
  const built = join(folder, 'post-login.js');
  writeFileSync(built, editedDist([ENFORCE]));
  const host = await startHost(built);
  const secrets = { COUNTERSIGN_URL: peer.url, COUNTERSIGN_KEY: SECRET };
  const results = await Promise.all(Array.from({ length: 50 }, (_, n) => host.ask(n, fixture(), { secrets })));
  for (const { result } of results) assert.deepEqual([result.decision, result.challenge], ['challenge', [{ type: 'otp' }]]);
  assert.equal(await host.end(), 0);
  await peer.close();
});

test('each built Action runs in it by the name of its own function', async () => {
  const peer = await startPeer(() => answers.status(503));
  const secrets = { COUNTERSIGN_URL: peer.url, COUNTERSIGN_KEY: SECRET };
  const host = await startHost();
  for (const name of Object.keys(FLOWS).filter((one) => !FLOWS[one].isGuard)) {
    const built = join(folder, `${name}.js`);
    writeFileSync(built, editedDist([], name));
    assert.equal((await host.load(built, name)).outcome, 'loaded');
    const { outcome, result } = await host.ask(1, eventOf(name), { key: name, handler: FLOWS[name].handler, secrets });
    assert.deepEqual([outcome, result.decision, result.misuses], ['returned', 'allow', []], name);
    assert.equal((await host.ask(2, eventOf(name), { key: name, handler: 'onExecuteSendPhoneMessage' })).outcome, 'threw', 'a function that it does not export');
  }
  await host.end();
  assert.equal(peer.requests.length, Object.values(FLOWS).filter(({ isGuard }) => !isGuard).length);
  await peer.close();
});

test('a throw fails a transaction that waits, and no other', async () => {
  const thrower = join(folder, 'thrower.js');
  const handlers = ['onExecutePreUserRegistration', 'onExecuteCredentialsExchange', 'onExecutePostChallenge', 'onExecutePostUserRegistration', 'onExecutePostChangePassword'];
  writeFileSync(thrower, handlers.map((handler) => `exports.${handler} = async () => { throw new Error('as written'); };`).join('\n'));
  const host = await startHost(thrower);
  const ends = await Promise.all(handlers.map((handler) => host.ask(handler, {}, { handler })));
  assert.deepEqual(ends.map(({ outcome, result }) => [outcome, result.decision]), ['deny', 'deny', 'deny', 'allow', 'allow'].map((decided) => ['threw', decided]));
  await host.end();
});
