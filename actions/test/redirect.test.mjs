// A redirect as an effect, and everything that can be wrong with its return: replayed, expired, foreign, altered, of another
// user, transaction, decision or state. The page that vouches for the step-up is played here, with its own tokens.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import { createCache } from '../../crates/sandbox/node/api.mjs';
import { callsOf } from './action.mjs';
import { FLOWS, eventOf, loadFlow, runFlow } from './flows.mjs';
import { answers, decision, faults, isSignedRequest, withPeer } from './peer.mjs';

const REDIRECT_KEY = 'redirect-key-of-at-least-32-characters';
const PAGE = 'https://stepup.example.com/prove?lang=en';
const EDITS = [['redirect: false', 'redirect: true'], ['hosts: []', "hosts: ['stepup.example.com', 'alt.example.com:8443']"]];
const NAMES = ['post-login', 'password-reset-post-challenge'];
const CONTINUE = { 'post-login': 'onContinuePostLogin', 'password-reset-post-challenge': 'onContinuePostChallenge' };
const secrets = { COUNTERSIGN_REDIRECT_KEY: REDIRECT_KEY };

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function jwt(claims, key = REDIRECT_KEY, header = { alg: 'HS256', typ: 'JWT' }) {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}
const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
const seconds = () => Math.floor(Date.now() / 1000);

function script(name, url = PAGE, more = {}, others = []) {
  return (request) => {
    if (request.url === '/v1/outcomes') return answers.status(202);
    return answers.json(decision([{ call: 'redirect.sendUserTo', args: [url] }, ...others], { trigger: name, ...more }));
  };
}
const outcomesOf = (peer) => peer.requests.filter(({ url }) => url === '/v1/outcomes').map(({ body }) => JSON.parse(body));

// An event without a factor, so that no challenge stands in for a lost redirect.
function bare(name) {
  return eventOf(name, (event) => {
    event.user.enrolledFactors = [];
    event.request.query = {};
  });
}

// Sends somebody away and gives what the page learns: the state, the token, and what the transaction keeps.
async function sendAway(name, peer, given = {}) {
  const action = loadFlow(name, EDITS);
  const cache = createCache();
  const event = given.event ?? bare(name);
  const sent = await runFlow(name, action, { event, url: peer.url, secrets, cache });
  assert.equal(sent.decision, 'redirect');
  const url = new URL(sent.redirect);
  const token = url.searchParams.get('session_token');
  return { action, cache, event, url, token, claims: claimsOf(token), state: url.searchParams.get('state'), metadata: sent.transaction_metadata };
}

// What an honest page says of a step-up that was passed.
function proofOf({ claims, state }) {
  const { iss: _issuer, ip: _ip, iat: _iat, exp: _exp, ...bound } = claims;
  return { ...bound, iss: 'https://stepup.example.com/', exp: seconds() + 60, state, countersign_result: 'passed' };
}

// Comes back to the continue handler with a token, or without one.
function comeBack(name, peer, away, token, edit = () => undefined, more = {}) {
  const event = structuredClone(away.event);
  event.request.query = { state: away.state, ...(token === undefined ? {} : { session_token: token }) };
  if (name === 'post-login') event.transaction.metadata = { ...away.metadata };
  edit(event);
  return runFlow(name, more.action ?? away.action, { event, url: peer.url, secrets: more.secrets ?? secrets, cache: more.cache ?? away.cache, handler: CONTINUE[name] });
}

for (const name of NAMES) {
  const wrong = (edit) => (away) => jwt(edit(proofOf(away), away));

  test(`${name}: somebody is sent to a baked host with a short token that is bound`, () =>
    withPeer(script(name), async (peer) => {
      const { url, claims, event, metadata } = await sendAway(name, peer);
      assert.equal(`${url.origin}${url.pathname}`, 'https://stepup.example.com/prove');
      assert.equal(url.searchParams.get('lang'), 'en');
      assert.equal(claims.sub, event.user.user_id);
      assert.ok(claims.exp - claims.iat <= 300);
      assert.equal(claims.decision_id, 'dec_0123456789');
      assert.match(claims.nonce, /^[0-9a-f]{32}$/);
      assert.equal(claims.transaction, event.transaction.id ?? null);
      assert.ok(!JSON.stringify(claims).includes(event.user.email));
      if (name !== 'post-login') return;
      assert.deepEqual(JSON.parse(metadata.countersign_redirect), { decision_id: claims.decision_id, nonce: claims.nonce, transaction: event.transaction.id, host: 'stepup.example.com' });
    }));

  test(`${name}: an honest return goes on and is reported, once`, () =>
    withPeer(script(name), async (peer) => {
      const away = await sendAway(name, peer);
      const token = jwt(proofOf(away));
      const back = await comeBack(name, peer, away, token);
      assert.equal(back.decision, 'allow');
      assert.deepEqual(outcomesOf(peer), [{ decision_id: 'dec_0123456789', kind: 'challenge_passed', factor: 'redirect' }]);
      assert.ok(peer.requests.every((request) => isSignedRequest(request)));
      // The same return, once more, in the transaction as it stands now.
      const again = { ...away, metadata: { ...away.metadata, ...back.transaction_metadata } };
      assert.equal((await comeBack(name, peer, again, token)).decision, 'deny');
      assert.equal(outcomesOf(peer).length, 1);
    }));

  test(`${name}: a page that says no is believed, and reported`, () =>
    withPeer(script(name), async (peer) => {
      for (const result of ['failed', undefined, true, 'PASSED', ['passed']]) {
        const away = await sendAway(name, peer);
        const back = await comeBack(name, peer, away, jwt({ ...proofOf(away), countersign_result: result }));
        assert.match(back.denied.reason, /^step_up_required: /);
        assert.deepEqual(outcomesOf(peer).at(-1), { decision_id: 'dec_0123456789', kind: 'challenge_failed' });
      }
    }));

  const REFUSED = {
    'no token': () => undefined,
    'the very token that was sent': ({ token }) => token,
    'the token that was sent, signed anew with a state and a result': ({ claims, state }) => jwt({ ...claims, state, countersign_result: 'passed' }),
    'garbage': () => 'x.y.z',
    'a list': () => ['a', 'b'],
    'an expired one': wrong((proof) => ({ ...proof, exp: seconds() - 1 })),
    'one without an end': wrong(({ exp: _exp, ...proof }) => proof),
    'one that holds for days': wrong((proof) => ({ ...proof, exp: seconds() + 86_400 })),
    'one whose end is text': wrong((proof) => ({ ...proof, exp: String(seconds() + 60) })),
    'one of another user': wrong((proof) => ({ ...proof, sub: 'auth0|attacker' })),
    'one without a user': wrong(({ sub: _sub, ...proof }) => proof),
    'one of another issuer': wrong((proof) => ({ ...proof, iss: 'https://evil.example/' })),
    'one of a look-alike issuer': wrong((proof) => ({ ...proof, iss: 'https://stepup.example.com.evil.example/' })),
    'one of an issuer at another port': wrong((proof) => ({ ...proof, iss: 'https://stepup.example.com:8443/' })),
    'one of an issuer behind user info': wrong((proof) => ({ ...proof, iss: 'https://stepup.example.com@evil.example/' })),
    'one of an issuer without TLS': wrong((proof) => ({ ...proof, iss: 'http://stepup.example.com/' })),
    'one of the other baked host': wrong((proof) => ({ ...proof, iss: 'https://alt.example.com:8443/' })),
    'one of the tenant': wrong((proof, { claims }) => ({ ...proof, iss: claims.iss })),
    'one of a host and an issuer that agree, but are not baked': wrong((proof) => ({ ...proof, iss: 'https://evil.example/', host: 'evil.example' })),
    'one of another state': wrong((proof) => ({ ...proof, state: 'other' })),
    'one without a state': wrong(({ state: _state, ...proof }) => proof),
    'one of another nonce': wrong((proof) => ({ ...proof, nonce: 'f'.repeat(32) })),
    'one without a nonce': wrong(({ nonce: _nonce, ...proof }) => proof),
    'one of another decision': wrong((proof) => ({ ...proof, decision_id: 'dec_other' })),
    'one of no decision': wrong(({ decision_id: _id, ...proof }) => proof),
    'one by another key': (away) => jwt(proofOf(away), 'another-key-of-at-least-32-characters!'),
    'one by no key': (away) => `${jwt(proofOf(away), REDIRECT_KEY, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`,
    'one of another algorithm': (away) => jwt(proofOf(away), REDIRECT_KEY, { alg: 'none' }),
    'one with an altered payload': (away) => jwt(proofOf(away)).replace(/\.[^.]*\./, `.${part({ ...proofOf(away), sub: 'auth0|attacker' })}.`),
  };
  test(`${name}: each unsound return is refused with force, and none without`, async () => {
    for (const [what, make] of Object.entries(REFUSED)) {
      await withPeer(script(name), async (peer) => {
        const away = await sendAway(name, peer);
        const back = await comeBack(name, peer, away, make(away));
        assert.equal(back.decision, 'deny', what);
        assert.match(back.denied.reason, /^step_up_required: /, what);
        assert.ok(outcomesOf(peer).every(({ kind }) => kind === 'challenge_failed'), what);
        const watching = loadFlow(name, [...EDITS, ['enforce: true', 'enforce: false']]);
        assert.equal((await comeBack(name, peer, away, make(away), undefined, { action: watching, cache: createCache() })).decision, 'allow', what);
      });
    }
  });

  test(`${name}: an honest return is worth nothing to another user, transaction, or a key that is gone`, () =>
    withPeer(script(name), async (peer) => {
      const edits = {
        'another user': (event) => (event.user.user_id = 'auth0|other'),
        'another transaction': (event) => Object.assign(event.transaction, { id: 'txn_other' }),
        'no user': (event) => delete event.user.user_id,
      };
      for (const [what, edit] of Object.entries(edits)) {
        const away = await sendAway(name, peer);
        assert.equal((await comeBack(name, peer, away, jwt(proofOf(away)), edit)).decision, 'deny', what);
      }
      for (const key of [undefined, '', 'short', 7]) {
        const away = await sendAway(name, peer);
        assert.equal((await comeBack(name, peer, away, jwt(proofOf(away)), undefined, { secrets: { COUNTERSIGN_REDIRECT_KEY: key } })).decision, 'deny');
      }
    }));

  test(`${name}: two people sent away at once can't swap their returns`, () =>
    withPeer(script(name), async (peer) => {
      const [one, other] = [await sendAway(name, peer), await sendAway(name, peer)];
      const event = bare(name);
      event.user.user_id = 'auth0|second';
      event.transaction.id = 'txn_second';
      const second = await sendAway(name, peer, { event });
      assert.equal((await comeBack(name, peer, one, jwt(proofOf(second)))).decision, 'deny');
      assert.equal((await comeBack(name, peer, second, jwt({ ...proofOf(second), nonce: one.claims.nonce }))).decision, 'deny');
      if (name === 'post-login') assert.equal((await comeBack(name, peer, one, jwt(proofOf(other)))).decision, 'deny', 'another attempt of the same transaction');
      assert.equal((await comeBack(name, peer, second, jwt(proofOf(second)))).decision, 'allow');
    }));

  const BAD_URLS = [
    'http://stepup.example.com/', 'https://evil.example/', 'https://stepup.example.com.evil.example/', 'https://evil.example/stepup.example.com', 'https://stepup.example.com@evil.example/',
    'https://user:pass@stepup.example.com/', 'https://stepup.example.com:444/', 'https://alt.example.com/', 'https://alt.example.com:8444/', 'https://sub.stepup.example.com/',
    'https://stepup.example.com./', 'https://stepup.example.com/#f', 'https://stepup.example.com/?session_token=x', 'https://stepup.example.com/?state=x', '//stepup.example.com/',
    '/relative', 'javascript:alert(1)', 'https://evil.example\\@stepup.example.com/', `https://stepup.example.com/${'x'.repeat(2048)}`, '', null, 7, ['https://stepup.example.com/'], {},
  ];
  test(`${name}: an address that is not baked is a lost barrier, which is no allow`, async () => {
    for (const url of BAD_URLS) {
      await withPeer(script(name, url), async (peer) => {
        const result = await runFlow(name, loadFlow(name, EDITS), { event: bare(name), url: peer.url, secrets });
        assert.equal(result.decision, 'deny', String(url));
        assert.ok(!callsOf(result).some((call) => /redirect\.(encodeToken|sendUserTo)/.test(call)), String(url));
      });
    }
  });

  test(`${name}: what is written otherwise but means a baked host is sent as it means`, async () => {
    for (const url of ['https://STEPUP.example.com:443/a', 'https://alt.example.com:8443/a', 'https:\\\\stepup.example.com\\a']) {
      await withPeer(script(name, url), async (peer) => {
        const { url: sent } = await sendAway(name, peer);
        assert.match(sent.href, /^https:\/\/(stepup\.example\.com|alt\.example\.com:8443)\/a\?/);
      });
    }
  });

  test(`${name}: without a key, above the ceiling, or without force nobody is sent`, () =>
    withPeer(script(name), async (peer) => {
      const go = (edits, given = {}) => runFlow(name, loadFlow(name, edits), { event: bare(name), url: peer.url, secrets, ...given });
      for (const key of [undefined, '', 'short']) assert.equal((await go(EDITS, { secrets: { COUNTERSIGN_REDIRECT_KEY: key } })).decision, 'deny');
      assert.equal((await go(EDITS.slice(1))).decision, 'deny', 'redirects are off by default, so the barrier is lost');
      assert.equal((await go(EDITS.slice(0, 1))).decision, 'deny', 'no host is baked');
      assert.equal((await go([...EDITS, ['enforce: true', 'enforce: false']])).decision, 'allow');
      const refusing = (api) => new Proxy(api, { get: (target, key) => { if (key === 'redirect') throw new Error('no'); return target[key]; } });
      assert.equal((await go(EDITS, { wrap: refusing })).decision, 'deny');
    }));

  test(`${name}: whoever is challenged is not sent elsewhere as well, and a denial stands`, async () => {
    const challenge = { call: 'authentication.challengeWithAny', args: [[{ type: 'otp' }]] };
    for (const [others, wanted] of [[[challenge], 'challenge'], [[{ call: 'access.deny', args: ['no'] }], 'deny'], [[{ call: 'redirect.sendUserTo', args: ['https://alt.example.com:8443/'] }], 'redirect']]) {
      await withPeer(script(name, PAGE, {}, others), async (peer) => {
        const event = eventOf(name, (it) => (it.user.enrolledFactors = [{ type: 'otp' }]));
        const result = await runFlow(name, loadFlow(name, EDITS), { event, url: peer.url, secrets });
        assert.equal(result.decision, wanted);
        assert.ok(callsOf(result).filter((call) => call === 'redirect.sendUserTo').length <= 1);
      });
    }
  });

  test(`${name}: what becomes of the report changes neither an honest return nor a bad one`, async () => {
    for (const fault of Object.values(faults)) {
      await withPeer((request) => (request.url === '/v1/outcomes' ? fault : script(name)(request)), async (peer) => {
        const away = await sendAway(name, peer);
        const failed = await comeBack(name, peer, away, jwt({ ...proofOf(away), countersign_result: 'failed' }), undefined, { cache: createCache() });
        const passed = await comeBack(name, peer, away, jwt(proofOf(away)));
        assert.deepEqual([failed.decision, passed.decision], ['deny', 'allow']);
        for (const { ms } of [failed, passed]) assert.ok(ms < 800, `${Math.round(ms)} ms`);
      });
    }
  });

  test(`${name}: a return is let through where we are switched off or exempt`, () =>
    withPeer(script(name), async (peer) => {
      const away = await sendAway(name, peer);
      assert.equal((await comeBack(name, peer, away, 'x', undefined, { secrets: { ...secrets, COUNTERSIGN_OFF: '1' } })).decision, 'allow');
      const exempt = loadFlow(name, [...EDITS, ['user_ids: []', `user_ids: ['${away.event.user.user_id}']`]]);
      assert.equal((await comeBack(name, peer, away, 'x', undefined, { action: exempt })).decision, 'allow');
    }));
}

test('where nobody can be sent elsewhere, a demanded redirect is a denial', () =>
  withPeer(script('post-login'), async (peer) => {
    for (const edit of [(event) => (event.transaction.prompt = ['none']), (event) => (event.transaction.protocol = 'oauth2-refresh-token')]) {
      const event = bare('post-login');
      edit(event);
      const result = await runFlow('post-login', loadFlow('post-login', EDITS), { event, url: peer.url, secrets });
      assert.equal(result.decision, 'deny');
      assert.ok(!callsOf(result).includes('redirect.sendUserTo'));
    }
  }));

test('metadata that was kept, but cannot be read, is no way around', () =>
  withPeer(script('post-login'), async (peer) => {
    for (const kept of ['used', '', '{', 'null', '7', '[]', '{}', '{"nonce":""}', 7, true]) {
      const away = await sendAway('post-login', peer);
      const back = await comeBack('post-login', peer, { ...away, metadata: { countersign_redirect: kept } }, jwt(proofOf(away)));
      assert.equal(back.decision, 'deny', String(kept));
    }
  }));

// A platform whose `sendUserTo` refuses, and which from then on refuses what `alsoRefused` names.
function unsent(alsoRefused = []) {
  let isRefusing = false;
  return (api) => new Proxy(api, {
    get(target, key) {
      if (isRefusing && alsoRefused.includes(key)) throw new Error('no');
      if (key !== 'redirect') return target[key];
      return { ...target.redirect, sendUserTo() { isRefusing = true; throw new Error('no'); } };
    },
  });
}

test('whoever could not be sent away and passed the challenge instead goes on', () =>
  withPeer(script('post-login'), async (peer) => {
    const action = loadFlow('post-login', EDITS);
    const event = eventOf('post-login', (it) => (it.user.enrolledFactors = [{ type: 'otp' }]));
    const stopped = await runFlow('post-login', action, { event, url: peer.url, secrets, wrap: unsent() });
    assert.equal(stopped.decision, 'challenge');
    const goOn = (metadata) => {
      const back = structuredClone(event);
      back.transaction.metadata = metadata;
      back.authentication.methods.push({ name: 'mfa', type: 'otp', timestamp: new Date(Date.now() + 1000).toISOString() });
      return runFlow('post-login', action, { event: back, url: peer.url, secrets, handler: 'onContinuePostLogin' });
    };
    assert.equal((await goOn(stopped.transaction_metadata)).decision, 'allow');
    assert.deepEqual(outcomesOf(peer), [{ decision_id: 'dec_0123456789', kind: 'challenge_passed', factor: 'otp' }]);
    const stuck = await runFlow('post-login', action, { event, url: peer.url, secrets, wrap: unsent(['transaction']) });
    assert.equal(stuck.decision, 'challenge');
    assert.equal((await goOn(stuck.transaction_metadata)).decision, 'deny', 'what could not be undone stays strict');
  }));

test('a return that cannot be marked as used proves nothing', () =>
  withPeer(script('post-login'), async (peer) => {
    const away = await sendAway('post-login', peer);
    const event = structuredClone(away.event);
    event.request.query = { state: away.state, session_token: jwt(proofOf(away)) };
    event.transaction.metadata = away.metadata;
    const wrap = (api) => new Proxy(api, { get: (target, key) => { if (key === 'transaction') throw new Error('no'); return target[key]; } });
    assert.equal((await runFlow('post-login', away.action, { event, url: peer.url, secrets, wrap, handler: 'onContinuePostLogin' })).decision, 'deny');
  }));

test('a token names the transaction that it was made for', () =>
  withPeer(script('post-login'), async (peer) => {
    for (const transaction of [undefined, null, '', 'txn_other']) {
      const away = await sendAway('post-login', peer);
      assert.equal((await comeBack('post-login', peer, away, jwt({ ...proofOf(away), transaction }))).decision, 'deny');
    }
  }));

test('a sign-in that was not sent away is not asked for a token', () =>
  withPeer(script('post-login'), async (peer) => {
    const event = eventOf('post-login', (it) => (it.transaction.metadata = { countersign_decision: 'dec_1', countersign_mfa_at: 'none' }));
    const { decision: decided, calls } = await runFlow('post-login', loadFlow('post-login', EDITS), { event, url: peer.url, secrets, handler: 'onContinuePostLogin' });
    assert.deepEqual([decided, calls], ['allow', []]);
  }));

const RESET = 'password-reset-post-challenge';
test('a reset can come back by a recent MFA instead, and needs nothing where redirects are off', () =>
  withPeer(script(RESET), async (peer) => {
    const away = await sendAway(RESET, peer);
    const mfa = (ageMs) => (event) => event.authentication.methods.push({ name: 'mfa', type: 'otp', timestamp: new Date(Date.now() - ageMs).toISOString() });
    assert.equal((await comeBack(RESET, peer, away, undefined, mfa(60_000))).decision, 'allow');
    assert.equal((await comeBack(RESET, peer, away, undefined, mfa(20 * 60_000))).decision, 'deny');
    assert.equal((await comeBack(RESET, peer, away, 'x.y.z', mfa(60_000))).decision, 'deny', 'a bad token is not made good by an MFA');
    assert.equal((await comeBack(RESET, peer, away, undefined, undefined, { action: loadFlow(RESET) })).decision, 'allow');
  }));

test('the seal of a reset cannot be made by the page itself', () =>
  withPeer(script(RESET), async (peer) => {
    const away = await sendAway(RESET, peer);
    const forged = { ...proofOf(away), decision_id: 'dec_forged', nonce: 'a'.repeat(32) };
    forged.seal = createHmac('sha256', REDIRECT_KEY).update(JSON.stringify(['countersign-redirect', away.claims.sub, null, 'dec_forged', forged.nonce, 'stepup.example.com'])).digest('hex');
    assert.equal((await comeBack(RESET, peer, away, jwt(forged))).decision, 'deny');
    const other = (event) => (event.user.user_id = 'auth0|other');
    assert.equal((await comeBack(RESET, peer, away, jwt({ ...proofOf(away), sub: 'auth0|other' }), other)).decision, 'deny', 'a seal of another user');
    const state = (event) => (event.transaction.state = 'other');
    assert.equal((await comeBack(RESET, peer, away, jwt(proofOf(away)), state)).decision, 'deny', 'a seal of another transaction');
    for (const seal of [undefined, null, '', away.claims.seal.replace(/^./, 'x'), [away.claims.seal]]) assert.equal((await comeBack(RESET, peer, away, jwt({ ...proofOf(away), seal }))).decision, 'deny');
  }));

test('only these flows can send somebody elsewhere', () => {
  assert.deepEqual(Object.keys(FLOWS).filter((name) => FLOWS[name].barriers.includes('redirect.sendUserTo')), NAMES);
});
