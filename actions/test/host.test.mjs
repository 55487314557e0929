// The Node host over its own protocol: many at once, a hung one, a crashed one, an orderly end.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  const child = spawn(process.execPath, [HOST, action, '--workers', String(workers)]);
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
  const ask = (id, event, more = {}) =>
    new Promise((resolve) => {
      waiting.set(id, resolve);
      child.stdin.write(`${JSON.stringify({ id, handler: 'onExecutePostLogin', event, secrets: {}, timeout_ms: 5000, ...more })}\n`);
    });
  const end = () => (child.stdin.end(), ended);
  return { child, first, ask, end, ended, lines, waiting, stderr: () => stderr };
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
    assert.match(answer.error, error);
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
  const odd = ['nonsense', '7', '{"id":1}', '{"id":1,"handler":"toString","event":{}}', '{"id":1,"handler":"onExecutePostLogin","event":[]}', 'x'.repeat(5_000_000)];
  for (const line of odd) host.child.stdin.write(`${line}\n`);
  assert.equal((await host.ask(9, { n: 1 })).ok, true);
  assert.equal(host.lines.filter(({ id, ok }) => id === null && ok === false).length, odd.length);
  assert.match((await host.ask(10, { do: 'big' })).error, /more than 1 MiB/);
  assert.equal(await host.end(), 0);
});

test('the cache is shared by the workers and the console is bounded', async () => {
  const host = await startHost(PUPPET, 2);
  await host.ask('w', { do: 'write' });
  const seen = await Promise.all(Array.from({ length: 6 }, (_, n) => host.ask(n, { do: 'read' })));
  assert.deepEqual(seen.map(({ result }) => result.transaction_metadata.seen), Array(6).fill('v'));
  await host.ask('l', { do: 'log' });
  await host.end();
  assert.equal(host.stderr().trim(), 'x'.repeat(256));
});

test('an Action that cannot be loaded ends the host', async () => {
  const broken = join(folder, 'broken.js');
  writeFileSync(broken, 'exports.onExecutePostLogin = (');
  const host = await startHost(broken);
  assert.equal(host.first, 1);
  assert.match(host.stderr(), /cannot be loaded/);
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
  for (const name of Object.keys(FLOWS).filter((one) => !FLOWS[one].isGuard)) {
    const built = join(folder, `${name}.js`);
    writeFileSync(built, editedDist([], name));
    const host = await startHost(built, 1);
    const { outcome, result } = await host.ask(1, eventOf(name), { handler: FLOWS[name].handler, secrets });
    assert.deepEqual([outcome, result.decision, result.misuses], ['returned', 'allow', []], name);
    assert.equal((await host.ask(2, eventOf(name), { handler: 'onExecuteSendPhoneMessage' })).outcome, 'threw', 'a function that it does not export');
    await host.end();
  }
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
