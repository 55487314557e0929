import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createCache } from '../../crates/sandbox/node/api.mjs';
import { CONFIG, source } from './action.mjs';

const { mayCall, recordFailure, recordAnswer } = source('breaker');
const T0 = 1_800_000_000_000;
const { failures, window_ms: windowMs, open_ms: openMs } = CONFIG.breaker;
const newCache = () => createCache({ now: () => T0 });
const fail = (cache, times, at = T0) => Array.from({ length: times }, () => recordFailure(cache, CONFIG, at));

test('it opens after the configured failures and not before', () => {
  const cache = newCache();
  fail(cache, failures - 1);
  assert.ok(mayCall(cache, CONFIG, T0));
  fail(cache, 1);
  assert.ok(!mayCall(cache, CONFIG, T0));
  assert.ok(!mayCall(cache, CONFIG, T0 + openMs - 1));
});

test('failures outside the window are forgotten', () => {
  const cache = newCache();
  fail(cache, failures - 1);
  fail(cache, 1, T0 + windowMs + 1);
  assert.ok(mayCall(cache, CONFIG, T0 + windowMs + 1));
});

test('after the pause one caller tries, and a further failure opens it again', () => {
  const cache = newCache();
  fail(cache, failures);
  const later = T0 + openMs;
  assert.ok(mayCall(cache, CONFIG, later));
  assert.ok(!mayCall(cache, CONFIG, later), 'only one');
  fail(cache, 1, later);
  assert.ok(!mayCall(cache, CONFIG, later + openMs - 1));
});

test('an answer closes it; a refusal ends a pause but feeds nothing', () => {
  const cache = newCache();
  fail(cache, failures - 1);
  recordAnswer(cache, CONFIG, T0, true);
  fail(cache, 1);
  assert.ok(!mayCall(cache, CONFIG, T0), 'the refusal did not reset the count');
  recordAnswer(cache, CONFIG, T0 + openMs, true);
  assert.ok(mayCall(cache, CONFIG, T0 + openMs));
  fail(cache, failures - 1);
  recordAnswer(cache, CONFIG, T0, false);
  fail(cache, 1);
  assert.ok(mayCall(cache, CONFIG, T0));
});

test('a broken, absent or hostile cache never stops a call', () => {
  const throwing = { get: () => { throw new Error('no'); }, set: () => { throw new Error('no'); }, delete: () => { throw new Error('no'); } };
  for (const cache of [undefined, null, {}, throwing]) {
    fail(cache, failures + 1);
    recordAnswer(cache, CONFIG, T0, false);
    assert.ok(mayCall(cache, CONFIG, T0));
  }
  for (const value of ['', 'null', '[]', '{"failures":9}', `{"failures":9,"since":${T0},"openUntil":${T0 + 1e9}}`]) {
    const cache = newCache();
    cache.set('countersign_breaker', value);
    assert.ok(mayCall(cache, CONFIG, T0), value);
  }
});
