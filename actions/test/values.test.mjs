import assert from 'node:assert/strict';
import { test } from 'node:test';

import { source } from './action.mjs';

const { boundedText, dig, within, oneOf, jsonBytes } = source('values');

test('text is cut between characters and never exceeds its bytes', () => {
  for (const raw of ['a'.repeat(50), 'é'.repeat(50), '😀'.repeat(50), 'a😀é'.repeat(20), '\ud83d'.repeat(50)]) {
    for (let max = 0; max < 40; max += 1) {
      const cut = boundedText(raw, max);
      assert.ok(Buffer.byteLength(cut) <= max, `${max} bytes`);
      assert.equal(Buffer.from(cut).toString(), cut, 'a round trip through UTF-8 changes nothing');
    }
  }
  assert.equal(boundedText('ab😀', 5), 'ab');
  assert.equal(boundedText('ab😀', 6), 'ab😀');
});

test('control characters and lone surrogates become replacement characters', () => {
  assert.equal(boundedText('a\u0000b\r\nc\u007f', 64), 'a\ufffdb\ufffd\ufffdc\ufffd');
  assert.equal(boundedText('x\ud800y\udc00z', 64), 'x\ufffdy\ufffdz');
});

test('a path through a value of another shape is undefined', () => {
  for (const value of [null, undefined, 3, 'text', [], () => 1]) assert.equal(dig(value, 'a', 'b'), undefined);
  assert.equal(dig({ a: { b: 1 } }, 'a', 'b'), 1);
  assert.equal(dig({ a: [1] }, 'a', '0'), undefined);
});

test('mistyped settings fall back to the strict default', () => {
  assert.equal(oneOf('alow', ['allow', 'deny'], 'deny'), 'deny');
  assert.equal(within(NaN, 1, 9, 5), 5);
  assert.equal(within('7', 1, 9, 5), 5);
  assert.equal(within(99, 1, 9, 5), 9);
  assert.equal(jsonBytes(undefined), Infinity);
  assert.equal(jsonBytes(1n), Infinity);
});
