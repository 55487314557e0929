// auth0-deploy-cli: an export of a furnished tenant, imported into an empty one, whose export is the same.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { ManagementClient } from 'auth0';

import { deploy, reset } from './a0deploy.mjs';

const { SANDBOX_DOMAIN: domain, SANDBOX_CLIENT_ID: clientId, SANDBOX_CLIENT_SECRET: clientSecret } = process.env;

const exported = async (folder) => {
  await deploy(['export', '--format', 'yaml', '--output_folder', folder]);
  return readFile(join(folder, 'tenant.yaml'), 'utf8');
};

test('an export imports into an empty tenant and exports the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-deploy-'));
  try {
    const auth0 = new ManagementClient({ domain, clientId, clientSecret });
    await auth0.roles.create({ name: 'exported role', description: 'a role that moves' });
    await auth0.resourceServers.create({ identifier: 'https://moves.example.com', name: 'an API that moves', scopes: [{ value: 'read:x', description: 'x' }] });
    await auth0.organizations.create({ name: 'moves', display_name: 'An organization that moves', metadata: { tier: '1' } });
    await auth0.clients.create({ name: 'an application that moves', app_type: 'spa', callbacks: ['https://app.example.com'] });
    await auth0.connections.create({ name: 'a-connection-that-moves', strategy: 'auth0' });
    const first = await exported(join(folder, 'first'));
    for (const part of ['exported role', 'https://moves.example.com', 'An organization that moves', 'an application that moves', 'a-connection-that-moves']) {
      assert.ok(first.includes(part), `the export lacks ${part}`);
    }
    await reset();
    await deploy(['import', '--input_file', join(folder, 'first', 'tenant.yaml')]);
    // The tool itself gives each database connection this option when it imports.
    const added = /^ *disable_self_service_change_password: false\n/gm;
    assert.equal((await exported(join(folder, 'second'))).replace(added, ''), first.replace(added, ''));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
