// The rest of the built Action: switch, exemptions, outcomes, silence, and what the file may hold.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { CONFIG, DIST, callsOf, fixture, loadAction, loadShipped, run, source } from './action.mjs';
import { answers, faults, isSignedRequest, refusingAddress, startPeer } from './peer.mjs';

const action = loadAction();

async function withPeer(script, use) {
  const peer = await startPeer(script);
  try {
    return await use(peer);
  } finally {
    await peer.close();
  }
}

test('the built files are current', () => {
  execFileSync(process.execPath, [fileURLToPath(new URL('../build.mjs', import.meta.url)), '--check']);
});

test('the built file is small, requires only crypto and names no forbidden call', () => {
  const text = readFileSync(DIST, 'utf8');
  assert.ok(Buffer.byteLength(text) <= 75_000);
  assert.deepEqual(text.match(/require\([^)]*\)/g), ["require('crypto')"]);
  const code = text.replace(/^\s*\/\/.*$/gm, '');
  assert.doesNotMatch(code, /addScope|removeScope|setPrimaryUser|setUserMetadata|session\.revoke|process\.|eval\(|\.(text|json)\(\)/);
  assert.deepEqual(Object.keys(action), ['onExecutePostLogin', 'onContinuePostLogin']);
});

test('the configuration cannot be changed while it runs', () => {
  const { CONFIG } = loadAction([['exports.onExecutePostLogin', 'exports.CONFIG = CONFIG;\nexports.onExecutePostLogin']]);
  for (const part of [CONFIG, CONFIG.fallback, CONFIG.fallback.protected_roles, CONFIG.ceiling, CONFIG.factors]) assert.ok(Object.isFrozen(part));
});

test('switched off, it does nothing at all', () =>
  withPeer(() => answers.effects([{ call: 'access.deny', args: ['no'] }]), async (peer) => {
    const event = fixture();
    event.user.app_metadata.countersign = { contained: true };
    for (const value of ['1', 'true', 'yes', ' on ']) {
      assert.deepEqual((await run(action, { event, url: peer.url, secrets: { COUNTERSIGN_OFF: value } })).calls, []);
    }
    assert.equal(peer.requests.length, 0);
    for (const value of ['', '0', 'false', ' FALSE ', undefined]) {
      assert.equal((await run(action, { event, url: peer.url, secrets: { COUNTERSIGN_OFF: value } })).decision, 'deny');
    }
  }));

test('break-glass users and clients are exempt and marked beside the containment', () =>
  withPeer(() => answers.effects([{ call: 'access.deny', args: ['no'] }]), async (peer) => {
    const event = fixture();
    event.user.app_metadata.countersign = { contained: true, note: 'not ours to copy' };
    event.user.app_metadata.countersign_last = { fallback_at: '2026-08-01T00:00:00.000Z', exempt_at: 'x', other: 1 };
    const lists = [`user_ids: ['${event.user.user_id}']`, `client_ids: ['${event.client.client_id}']`];
    for (const list of lists) {
      const exempt = loadAction([[`${list.split(':')[0]}: []`, list]]);
      const result = await run(exempt, { event, url: peer.url });
      assert.deepEqual([result.decision, callsOf(result)], ['allow', ['user.setAppMetadata']]);
      const { exempt_at: at, ...rest } = result.app_metadata.countersign_last;
      assert.ok(Math.abs(Date.parse(at) - Date.now()) < 5000);
      assert.deepEqual([Object.keys(result.app_metadata), rest], [['countersign_last'], { fallback_at: '2026-08-01T00:00:00.000Z' }]);
    }
    assert.equal(peer.requests.length, 0);
  }));

test('the fallback time never touches the mark and is not written above the ceiling', async () => {
  const url = await refusingAddress();
  const event = fixture();
  for (const mark of [undefined, { contained: false }, 'text', ['list'], { big: 'x'.repeat(9000) }]) {
    event.user.app_metadata = { countersign: mark, countersign_last: mark };
    const { app_metadata: written } = await run(action, { event, url });
    assert.deepEqual(Object.keys(written), ['countersign_last']);
    assert.deepEqual(Object.keys(written.countersign_last), ['fallback_at']);
  }
  const bare = loadAction([['app_metadata: true', 'app_metadata: false']]);
  assert.deepEqual((await run(bare, { event, url })).app_metadata, {});
});

test('an outage is noted once an hour, and not where a program asks', async () => {
  const url = await refusingAddress();
  for (const [force, act] of [['with', action], ['without', loadShipped()]]) {
    const { app_metadata: written } = await run(act, { url });
    assert.deepEqual(Object.keys(written.countersign_last), ['fallback_at'], force);
    const again = fixture();
    Object.assign(again.user.app_metadata, written);
    assert.deepEqual((await run(act, { event: again, url })).app_metadata, {}, force);
    const { app_metadata: none, decision, transaction_metadata: notes } = await run(act, { event: fixture('post-login.refresh-token'), url });
    assert.deepEqual([none, decision, notes.countersign_fallback], [{}, 'allow', 'network'], force);
  }
});

test('outside the organizations and clients that are named nothing is enforced', async () => {
  const url = await refusingAddress();
  const into = (id) => {
    const event = fixture();
    event.organization = { id, name: 'x' };
    event.user.app_metadata.countersign = { contained: true };
    return event;
  };
  const piloting = loadAction([['organizations: []', "organizations: ['org_pilot']"]]);
  const result = await run(piloting, { event: into('org_other'), url });
  assert.deepEqual([result.decision, Object.keys(result.app_metadata)], ['allow', ['countersign_last']]);
  assert.equal((await run(piloting, { event: into('org_pilot'), url })).decision, 'deny');
  const atClient = loadAction([['clients: []', "clients: ['other']"]]);
  assert.equal((await run(atClient, { event: into('org_pilot'), url })).decision, 'allow');
  await withPeer(() => answers.effects([{ call: 'access.deny', args: ['no'] }]), async (peer) => {
    const { decision, transaction_metadata: notes } = await run(piloting, { event: into('org_other'), url: peer.url });
    assert.deepEqual([decision, notes.countersign_skipped], ['allow', 'access.deny:not_enforced']);
    assert.equal((await run(piloting, { event: into('org_pilot'), url: peer.url })).decision, 'deny');
  });
});

test('whoever must step up is told to sign out first, since the same session would fail again', async () => {
  const event = fixture();
  event.authorization.roles = ['admin'];
  event.user.enrolledFactors = [{ type: 'otp' }];
  event.authentication.methods.push({ name: 'mfa', timestamp: new Date(Date.now() - 13 * 3_600_000).toISOString(), type: 'otp' });
  const { denied } = await run(action, { event, url: await refusingAddress() });
  assert.match(denied.reason, /^step_up_required: .*sign out.*then sign in again/);
});

const OTP_AT_9 = { name: 'mfa', timestamp: '2026-08-20T08:00:09.000Z', type: 'otp' };

// The event in which a user comes back from a challenge, and what the execute handler had noted.
function continued(metadata, ...methods) {
  const event = fixture();
  event.transaction.metadata = metadata;
  event.authentication.methods.push(...methods);
  return event;
}

test('a challenge that was passed since is posted, signed, with its newest factor', () =>
  withPeer(() => answers.status(202), async (peer) => {
    const handler = 'onContinuePostLogin';
    const older = { ...OTP_AT_9, timestamp: '2026-08-20T07:00:00.000Z', type: 'phone' };
    const noted = { countersign_decision: 'dec_42', countersign_mfa_at: 'none' };
    const since = { ...noted, countersign_mfa_at: older.timestamp };
    const cases = [
      [continued(noted, OTP_AT_9), 'otp'],
      [continued(since, older, OTP_AT_9), 'otp'],
      [continued(since, OTP_AT_9, older, { ...OTP_AT_9, timestamp: 'x', type: 'email' }), 'otp'],
      [continued(noted, { ...OTP_AT_9, type: 'pat.doe@example.com' }), undefined],
    ];
    for (const [event] of cases) assert.deepEqual((await run(action, { event, url: peer.url, handler })).calls, []);
    const posted = cases.map(([, factor]) => ['/v1/outcomes', { decision_id: 'dec_42', kind: 'challenge_passed', ...(factor && { factor }) }]);
    assert.deepEqual(peer.requests.map(({ url, body }) => [url, JSON.parse(body)]), posted);
    assert.ok(peer.requests.every((request) => isSignedRequest(request)));
  }));

test('without an MFA newer than the challenge nothing is posted', () =>
  withPeer(() => answers.status(202), async (peer) => {
    const noted = (at) => ({ countersign_decision: 'dec_42', countersign_mfa_at: at });
    const events = [
      continued(noted('none')),
      continued(noted('none'), { ...OTP_AT_9, name: 'pwd' }),
      continued(noted('none'), { ...OTP_AT_9, timestamp: undefined }, { ...OTP_AT_9, timestamp: 'x' }),
      continued(noted(OTP_AT_9.timestamp), OTP_AT_9),
      continued(noted('2026-08-20T09:00:00.000Z'), OTP_AT_9),
      ...[undefined, null, '', 'x', 7, {}].map((at) => continued(noted(at), OTP_AT_9)),
    ];
    for (const event of events) await run(action, { event, url: peer.url, handler: 'onContinuePostLogin' });
    assert.deepEqual(peer.requests, []);
  }));

test('the newest MFA is noted when a decision is applied', () =>
  withPeer(() => answers.effects([]), async (peer) => {
    const notedFor = async (...methods) => (await run(action, { event: continued({}, ...methods), url: peer.url })).transaction_metadata.countersign_mfa_at;
    assert.equal(await notedFor(), 'none');
    assert.equal(await notedFor({ ...OTP_AT_9, timestamp: 'x' }), 'none');
    assert.equal(await notedFor(OTP_AT_9, { ...OTP_AT_9, timestamp: '2026-08-20T07:00:00+01:00' }), OTP_AT_9.timestamp);
  }));

test('the continue handler is brief, silent and never denies', async () => {
  const handler = 'onContinuePostLogin';
  for (const fault of Object.values(faults)) {
    await withPeer(() => fault, async (peer) => {
      const event = continued({ countersign_decision: 'dec_42', countersign_mfa_at: 'none' }, OTP_AT_9);
      event.user.app_metadata.countersign = { contained: true };
      const touched = [];
      const wrap = (api) => new Proxy(api, { get: (target, name) => (touched.push(name), target[name]) });
      const result = await run(action, { event, url: peer.url, handler, wrap });
      assert.deepEqual([result.decision, result.calls, touched], ['allow', [], []]);
      assert.equal(peer.requests.length, 1);
      assert.ok(result.ms < 550, `${Math.round(result.ms)} ms`);
    });
  }
  await withPeer(() => answers.status(202), async (peer) => {
    for (const id of [undefined, null, 7, 'x', 'dec_../../admin', 'dec_"', {}]) {
      const event = continued({ countersign_decision: id, countersign_mfa_at: 'none' }, OTP_AT_9);
      await run(action, { event, url: peer.url, handler });
    }
    assert.equal(peer.requests.length, 0);
  });
});

test('it never throws, whatever event and api are', async () => {
  const hostile = [undefined, null, 7, 'x', [], {}, { user: null }, { user: { app_metadata: 7 }, secrets: 7 }, new Proxy({}, { get() { throw new Error('hostile'); } })];
  for (const event of hostile) {
    for (const api of hostile) {
      assert.equal(await action.onExecutePostLogin(event, api), undefined);
      assert.equal(await action.onContinuePostLogin(event, api), undefined);
    }
  }
});

test('a configuration that lacks parts locks nobody out', async () => {
  const url = await refusingAddress();
  const { decidePostLogin } = source('client');
  for (const key of [...Object.keys(CONFIG), 'all']) {
    const { [key]: removed, ...rest } = CONFIG;
    const partial = { onExecutePostLogin: (event, api) => decidePostLogin(event, api, key === 'all' ? {} : rest) };
    assert.equal((await run(partial, { url })).decision, 'allow', key);
  }
});

test('an event that breaks the Action does not buy an allow', async () => {
  const event = fixture();
  Object.defineProperty(event, 'user', { get() { throw new Error('hostile'); } });
  const reasons = [];
  await action.onExecutePostLogin(event, { access: { deny: (reason) => reasons.push(reason) } });
  assert.equal(reasons.length, 1);
  assert.match(reasons[0], /^step_up_required: /);
});

test('a platform that refuses calls never makes it throw, nor an allow out of a denial', async () => {
  const url = await refusingAddress();
  const refuse = (...names) => (api) => new Proxy(api, {
    get(target, name) {
      if (names.includes(name)) throw new Error('refused');
      return target[name];
    },
  });
  const admin = fixture();
  admin.authorization.roles = ['admin'];
  assert.equal((await run(action, { event: admin, url, wrap: refuse('authentication', 'cache', 'transaction') })).decision, 'deny');
  const blocked = fixture();
  blocked.user.app_metadata.countersign = { contained: true };
  assert.equal((await run(action, { event: blocked, url, wrap: refuse('access', 'user') })).decision, 'challenge');
  assert.equal((await run(action, { url, wrap: refuse('access', 'authentication', 'user', 'transaction', 'cache') })).decision, 'allow');
});

test('what it logs is its own words', async () => {
  const log = [];
  const logging = loadAction([], log);
  await run(logging, { url: await refusingAddress() });
  await withPeer(() => answers.effects([{ call: 'no.such pat@example.com', args: [] }]), (peer) => run(logging, { url: peer.url }));
  await withPeer(() => faults.garbage, (peer) => run(logging, { url: peer.url }));
  assert.deepEqual(log, [
    'countersign: fallback network, allow',
    'countersign: skipped no.suchpatexample.com:unknown',
    'countersign: fallback bad_answer, allow',
  ]);
});
