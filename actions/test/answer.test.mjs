import assert from 'node:assert/strict';
import { test } from 'node:test';

import { source } from './action.mjs';
import { decision } from './peer.mjs';

const { readAnswer } = source('answer');
const { endpoint } = source('call');
const read = (value) => readAnswer(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), 'post-login');

test('a sound answer gives id, mode and effects', () => {
  const effects = [{ call: 'access.deny', args: ['no'] }];
  assert.deepEqual(read(decision(effects, { later_field: 1 })), { decisionId: 'dec_0123456789', mode: 'enforce', effects, validForMs: Infinity });
  assert.equal(read(decision(effects, { valid_for_ms: 2000 })).validForMs, 2000);
});

test('only a service that is off may leave the id out', () => {
  assert.deepEqual(read(decision([], { mode: 'off', decision_id: null })), { decisionId: null, mode: 'off', effects: [], validForMs: Infinity });
  for (const mode of ['audit', 'advisory', 'enforce']) assert.throws(() => read(decision([], { mode, decision_id: null })), { reason: 'bad_answer' });
  assert.throws(() => read(decision([], { mode: 'off', decision_id: 7 })), { reason: 'bad_answer' });
});

test('an answer with one unsound part is none', () => {
  const unsound = [
    '', 'null', '[]', '7', '{', '{"a":1}x',
    decision([], { decision_id: 'dec_' }), decision([], { decision_id: 'x'.repeat(20) }), decision([], { decision_id: 7 }),
    decision([], { decision_id: `dec_${'a'.repeat(129)}` }),
    decision([], { trigger: 'pre-user-registration' }), decision([], { mode: 'shadow' }), decision([], { mode: ['enforce'] }),
    decision({}), decision(null), decision(Array(17).fill({ call: 'a', args: [] })),
    decision([{ call: 'a' }]), decision([{ args: [] }]), decision([null]), decision([{ call: 7, args: [] }]), decision([{ call: 'a', args: {} }]),
    ...[null, '2000', -1, {}].map((ms) => decision([], { valid_for_ms: ms })),
  ];
  for (const value of unsound) assert.throws(() => read(value), { reason: 'bad_answer' }, JSON.stringify(value));
  assert.throws(() => readAnswer(Buffer.from([0x22, 0xff, 0x22]), 'post-login'), { reason: 'bad_answer' }, 'bytes that are no UTF-8');
});

test('the address is https, or http on this machine', () => {
  assert.equal(endpoint('https://cs.example.com', '/v1/decisions'), 'https://cs.example.com/v1/decisions');
  assert.equal(endpoint(' https://cs.example.com/base// ', '/v1/decisions'), 'https://cs.example.com/base/v1/decisions');
  for (const host of ['127.0.0.1:8080', 'localhost:8080', '[::1]:8080']) assert.ok(endpoint(`http://${host}`, '/x'));
  const bad = ['http://cs.example.com', 'http://127.0.0.1.evil.example', 'ftp://localhost', 'https://u:p@cs.example.com', 'https://cs.example.com/?a=1', 'https://cs.example.com/#a', 'cs.example.com', '', null, 7, {}];
  for (const base of bad) assert.equal(endpoint(base, '/x'), null, String(base));
});
