import assert from 'node:assert/strict';
import { test } from 'node:test';

import { source } from './action.mjs';
import { KEY, SECRET, answerSignature, isSignedRequest } from './peer.mjs';

const { signingKey, newMessageId, signedHeaders, isSignedAnswer } = source('sign');
const ID = `msg_${'a'.repeat(32)}`;

test('the signature is that of the Standard Webhooks example', () => {
  // The worked example of the Standard Webhooks libraries' test suites.
  const key = signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  const headers = signedHeaders(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330_000, '{"test": 2432232314}');
  assert.equal(headers['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  assert.equal(headers['webhook-timestamp'], '1614265330');
});

test('a key is base64 after its prefix and not short', () => {
  assert.deepEqual(signingKey(SECRET), KEY);
  for (const bad of [undefined, '', 'whsec_', 'whsec_AAAA', KEY.toString('base64'), 'whsec_*', 7]) assert.equal(signingKey(bad), null);
});

test('ids are random and signed with their time and body', () => {
  assert.match(newMessageId(), /^msg_[0-9a-f]{32}$/);
  assert.notEqual(newMessageId(), newMessageId());
  const headers = signedHeaders(KEY, ID, 1_900_000_123_999, '{"é":1}');
  assert.equal(headers['webhook-timestamp'], '1900000123');
  assert.ok(isSignedRequest({ headers, body: Buffer.from('{"é":1}') }));
  assert.ok(!isSignedRequest({ headers, body: Buffer.from('{"é":2}') }));
});

test('an answer is signed over id and bytes by one of the listed signatures', () => {
  const body = Buffer.from('{"a":1}');
  const good = answerSignature(KEY, ID, body);
  const other = answerSignature(Buffer.alloc(32, 1), ID, body);
  assert.ok(isSignedAnswer(KEY, ID, body, good));
  assert.ok(isSignedAnswer(KEY, ID, body, `v2,zzz ${other} ${good}`));
  const flipped = Buffer.from(body);
  flipped[0] ^= 1;
  assert.ok(!isSignedAnswer(KEY, ID, flipped, good));
  assert.ok(!isSignedAnswer(KEY, `${ID}b`, body, good));
  for (const bad of [null, undefined, '', other, good.slice(3), 'v1,', good.replace('v1', 'v0'), `${other} `.repeat(8) + good]) {
    assert.ok(!isSignedAnswer(KEY, ID, body, bad));
  }
});
