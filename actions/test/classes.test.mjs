import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { source } from './action.mjs';

const table = readFileSync(new URL('../../crates/privacy/data/fields.tsv', import.meta.url), 'utf8');
const rows = table
  .split('\n')
  .map((line) => line.split('\t'))
  .filter(([from]) => from === 'event.*');

// The paths of what an allow-list lets through; a whole tree is told as its root.
function paths(field, path) {
  if (field.kind === 'list') return paths(field.of, `${path}[]`);
  if (typeof field.kind === 'string') return [path];
  return Object.keys(field).flatMap((name) => paths(field[name], path === '' ? name : `${path}.${name}`));
}

const hasRow = (path) =>
  rows.some(([, row]) => row === path || row.startsWith(`${path}.`) || (row.endsWith('.**') && `${path}.`.startsWith(row.slice(0, -2))));

test('whatever an Action sends has a class in the table of fields', () => {
  const signUp = source('sign-up-fields').signUpFields({ connection: { strategy: 'sms' }, user: {} });
  const sent = [...paths(source('fields').EVENT_FIELDS, ''), ...paths(signUp, '')];
  assert.ok(sent.includes('user.phone_number') && sent.includes('user.identities[].provider'));
  assert.deepEqual(
    sent.filter((path) => !hasRow(path)),
    [],
  );
  assert.ok(!hasRow('user.later'));
});
