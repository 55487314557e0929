// What is told of the machine: words of ours, or nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CONFIG, configWith, fixture, loadAction, run, source } from './action.mjs';
import { answers, withPeer } from './peer.mjs';

const { requestBody } = source('fields');
const { postureOf } = source('device-posture');

const LISTS = { compliant: ['Compliant', true], non_compliant: ['noncompliant', 'jailbroken', false], unmanaged: ['unknown device'] };
const at = (from, lists = LISTS) => configWith({ device_posture: { from, ...lists } });

// An event that holds a value at a path.
function holding(path, value) {
  const event = fixture();
  const steps = path.split('.');
  const last = steps.pop();
  let here = event;
  for (const step of steps) here = here[step] = { ...here[step] };
  here[last] = value;
  return event;
}
const told = (path, value, config = at(path)) => postureOf(holding(path, value), config);

test('each listed value means what CONFIG says, wherever it may stand', () => {
  for (const place of ['transaction.metadata', 'user.app_metadata', 'user.user_metadata']) {
    for (const path of [`${place}.posture`, `${place}.mdm.device.posture`]) {
      for (const [value, status] of [
        ['compliant', 'compliant'],
        ['COMPLIANT', 'compliant'],
        [true, 'compliant'],
        ['true', 'compliant'],
        ['jailbroken', 'non_compliant'],
        [false, 'non_compliant'],
        ['Unknown Device', 'unmanaged'],
      ]) {
        assert.deepEqual(told(path, value), { status, place }, `${path} ${value}`);
      }
    }
  }
});

test('a value that is listed twice means the worse', () => {
  const lists = { compliant: ['a', 'b'], unmanaged: ['a', 'b'], non_compliant: ['a'] };
  const status = (value) => told('user.app_metadata.p', value, at('user.app_metadata.p', lists)).status;
  assert.deepEqual([status('a'), status('b')], ['non_compliant', 'unmanaged']);
});

test('what is not one of the values is not told', () => {
  const hostile = ['', ' compliant', 'compliant\u0000', 'compliant'.repeat(1000), 'cómpliant', '\ud800', 0, 1, NaN, null, undefined, [], ['compliant'], {}, { toString: () => 'compliant' }, Object('compliant'), () => 'compliant', 7n, Symbol('compliant')];
  for (const value of hostile) assert.equal(told('user.app_metadata.posture', value), undefined, typeof value);
});

test('a place that is not one of the three is none', () => {
  const event = holding('user.app_metadata.posture', 'compliant');
  event.request.query.posture = 'compliant';
  event.user.nickname = 'compliant';
  const froms = ['', 'posture', 'user.app_metadata', 'user.app_metadata.', 'user.app_metadata..posture', 'user.app_metadatas.posture', 'request.query.posture', 'user.nickname', 'client.metadata.posture', 'User.App_Metadata.posture', ['user.app_metadata.posture'], null, 7, {}];
  for (const from of froms) assert.equal(postureOf(event, at(from)), undefined, String(from));
  const deep = 'user.app_metadata.a.b.c.d.e';
  assert.equal(told(deep, 'compliant'), undefined, 'too deep');
  for (const event of [null, undefined, 7, [], {}, { user: null }, { user: { app_metadata: 'compliant' } }]) {
    assert.equal(postureOf(event, at('user.app_metadata.posture')), undefined);
  }
  for (const lists of [{ compliant: 'compliant' }, { compliant: null }, { compliant: [['compliant'], {}, null] }]) {
    assert.equal(told('user.app_metadata.posture', 'compliant', at('user.app_metadata.posture', { non_compliant: [], unmanaged: [], ...lists })), undefined);
  }
  assert.equal(postureOf(event, {}), undefined, 'a CONFIG of before');
});

test('as it is shipped the request is the one of before', () => {
  const event = holding('user.app_metadata.device_posture', 'compliant');
  event.transaction.metadata = { device_posture: 'compliant' };
  const body = JSON.parse(requestBody(event, CONFIG, 800));
  assert.deepEqual(Object.keys(body), ['trigger', 'event', 'deadline_ms', 'action', 'truncated']);
  assert.doesNotMatch(JSON.stringify(body), /posture/);
});

test('nothing but two words of ours leaves', () => {
  const config = at('user.app_metadata.mdm.state');
  const event = holding('user.app_metadata.mdm', { state: 'Jailbroken', serial: 'qzserialxk', owner: 'qzownerxk' });
  const body = JSON.parse(requestBody(event, config, 800));
  assert.deepEqual(body.device_posture, { status: 'non_compliant', place: 'user.app_metadata' });
  assert.doesNotMatch(JSON.stringify(body), /qzserialxk|qzownerxk|jailbroken|mdm/i);
  event.user.app_metadata.mdm.state = 'qzunknownxk';
  assert.doesNotMatch(requestBody(event, config, 800), /qzunknownxk|posture/);
});

test('the built Action tells what an Action in front of it wrote down', async () => {
  const edit = ["device_posture: { from: '', compliant: [], non_compliant: [], unmanaged: [] }", "device_posture: { from: 'transaction.metadata.posture', compliant: ['compliant'], non_compliant: [], unmanaged: [] }"];
  const action = loadAction([edit]);
  await withPeer(() => answers.effects([]), async (peer) => {
    await run(action, { event: holding('transaction.metadata.posture', 'compliant'), url: peer.url });
    const [request] = peer.requests;
    assert.deepEqual(JSON.parse(request.body.toString()).device_posture, { status: 'compliant', place: 'transaction.metadata' });
  });
});
