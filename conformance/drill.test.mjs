// The way back, as it would be drilled: from a tenant with everything of Countersign's to one that has nothing of it, by one command. How long each took is
// printed, and docs/benchmarks.md has what came out once; a slow machine fails nothing.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { ManagementClient } from 'auth0';

import { reset } from './a0deploy.mjs';

const run = promisify(execFile);
const { SANDBOX_DOMAIN: domain, SANDBOX_CLIENT_ID: clientId, SANDBOX_CLIENT_SECRET: clientSecret, SANDBOX_CA: authority } = process.env;
const { COUNTERSIGN_BIN: countersign, CONFORMANCE_DATA: made } = process.env;
const auth0 = new ManagementClient({ domain, clientId, clientSecret });
const WANTED = [
  '--service', 'https://cs.example.com', '--capability', 'decide=report', '--capability', 'ingest=report', '--capability', 'events=report',
  '--events-url', 'https://cs.example.com/events', '--capability', 'api=report',
];
const TRIGGERS = ['post-login', 'pre-user-registration', 'post-user-registration', 'credentials-exchange', 'password-reset-post-challenge', 'post-change-password'];

async function accepted() {
  const answer = await fetch(`https://${domain}/oauth/token`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, audience: `https://${domain}/api/v2/` }),
  });
  return (await answer.json()).scope;
}

const items = async (page) => {
  const found = [];
  for await (const item of await page) found.push(item);
  return found;
};

// What runs in a flow, and what there is of ours beside.
async function standing() {
  const bound = [];
  for (const trigger of TRIGGERS) bound.push(...(await items(auth0.actions.triggers.bindings.list(trigger))).map(({ display_name: shown }) => shown));
  const named = [
    ...await items(auth0.actions.list()), ...await auth0.logStreams.list(), ...await items(auth0.eventStreams.list()),
    ...await items(auth0.resourceServers.list()), ...await items(auth0.clients.list()),
  ];
  return { bound, ours: named.map(({ name }) => name).filter((name) => name?.startsWith('Countersign')) };
}

test('one command leads back to a tenant without us, by either way', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-drill-'));
  try {
    const data = join(folder, 'data');
    await cp(made, data, { recursive: true });
    await reset();
    const scopes = await accepted();
    const tenant = async (command, ...rest) => {
      const words = [
        'tenant', command, '--tenant', 'acme', '--data', data, '--domain', domain, '--tenant-ca', authority, '--limits', 'unlimited',
        '--client-id', clientId, '--client-secret', 'env:SANDBOX_CLIENT_SECRET', '--accept-scopes', scopes, ...rest,
      ];
      const began = performance.now();
      await run(countersign, words, { timeout: 120_000 }).catch(({ stdout, stderr }) => assert.fail(`${command}: ${stdout}${stderr}`));
      return performance.now() - began;
    };
    for (const command of ['rollback', 'remove']) {
      await tenant('apply', ...WANTED);
      const installed = await standing();
      assert.equal(installed.bound.length, TRIGGERS.length);
      assert.equal(installed.ours.length, TRIGGERS.length + 4);
      t.diagnostic(`${command}: ${(await tenant(command) / 1000).toFixed(2)} s`);
      assert.deepEqual(await standing(), { bound: [], ours: [] });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
