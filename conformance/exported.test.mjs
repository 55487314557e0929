// An installation as `countersign tenant plan --format …` writes it, against the one that `countersign tenant apply` makes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { generateKeyPairSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { ManagementClient } from 'auth0';

import { deploy, reset } from './a0deploy.mjs';

const run = promisify(execFile);
const { SANDBOX_DOMAIN: domain, SANDBOX_CLIENT_ID: clientId, SANDBOX_CLIENT_SECRET: clientSecret, SANDBOX_CA: authority } = process.env;
const { COUNTERSIGN_BIN: countersign, CONFORMANCE_DATA: made } = process.env;
const auth0 = () => new ManagementClient({ domain, clientId, clientSecret });
const WANTED = [
  '--service', 'https://cs.example.com', '--capability', 'decide=report', '--capability', 'ingest=report', '--capability', 'events=report',
  '--events-url', 'https://cs.example.com/events', '--capability', 'api=report', '--capability', 'enrich=report', '--place', 'post-login=after:partner bound',
];
// What the head of the file says of an import that was taken over: secrets and tokens are set once more, and nothing else but a client with a key.
const TOLD = /With that line added it shows secrets\n#   and tokens as still to be set, which can't be read back, and no other difference/;
const ONLY_SECRETS = /^of `.*` differs: secrets$|or its token changed$|^what is not deployed does not run$/;

// Runs a command of the installer; what it says and its code, of which 3 is a check that does not hold.
async function asked(data, command, ...rest) {
  const words = [
    'tenant', command, '--tenant', 'acme', '--data', data, '--domain', domain, '--tenant-ca', authority, '--limits', 'unlimited',
    '--client-id', clientId, '--client-secret', 'env:SANDBOX_CLIENT_SECRET', ...rest,
  ];
  return run(countersign, words, { timeout: 120_000 }).then(({ stdout }) => ({ said: stdout, code: 0 }), ({ stdout, stderr, code }) => ({ said: `${stdout}${stderr}`, code }));
}

// Runs a command that is done; what it says.
async function tenant(data, command, ...rest) {
  const { said, code } = await asked(data, command, ...rest);
  assert.equal(code, 0, `${command}: ${said}`);
  return said;
}

// An empty tenant with Actions of others at one trigger.
async function furnish() {
  await reset();
  const client = auth0();
  const bound = [];
  for (const name of ['first', 'partner', 'last']) {
    const made = await client.actions.create({ name, code: `// ${name}`, runtime: 'node22', supported_triggers: [{ id: 'post-login', version: 'v3' }] });
    for (let tries = 0; (await client.actions.get(made.id)).status !== 'built'; tries += 1) {
      assert.ok(tries < 200, 'a draft is not built');
      await new Promise((done) => setTimeout(done, 50));
    }
    await client.actions.deploy(made.id);
    bound.push({ ref: { type: 'action_id', value: made.id }, display_name: `${name} bound` });
  }
  await client.actions.triggers.bindings.updateMany('post-login', { bindings: bound });
}

const pick = (object, names) => Object.fromEntries(names.map((name) => [name, object[name]]));
const items = async (page) => {
  const found = [];
  for await (const item of await page) found.push(item);
  return found;
};

// What there is at the tenant, without ids and times.
async function found() {
  const client = auth0();
  const actions = await items(client.actions.list());
  const orders = {};
  for (const { supported_triggers: [{ id }] } of actions) {
    orders[id] = (await items(client.actions.triggers.bindings.list(id))).map(({ display_name: shown, action }) => [shown, action.name]);
  }
  const action = (it) => ({
    ...pick(it, ['name', 'code', 'runtime', 'dependencies', 'supported_triggers', 'all_changes_deployed']), deployed: it.deployed_version?.code,
    secrets: it.secrets?.map(({ name }) => name).sort(),
  });
  const logs = await client.logStreams.list();
  const events = await items(client.eventStreams.list());
  const apis = (await items(client.resourceServers.list())).filter((api) => !api.is_system);
  const clients = (await items(client.clients.list())).filter(({ name }) => name === 'Countersign service');
  const grants = (await items(client.clientGrants.list())).filter((grant) => grant.client_id === clients[0]?.client_id);
  return JSON.parse(JSON.stringify({
    orders,
    actions: actions.map(action).sort((one, other) => one.name.localeCompare(other.name)),
    logs: logs.map((it) => pick(it, ['name', 'type', 'status', 'sink', 'filters'])),
    events: events.map((it) => pick(it, ['name', 'status', 'subscriptions', 'destination'])),
    apis: apis.map(({ id, ...it }) => it),
    clients: clients.map((it) => ({
      ...pick(it, ['name', 'description', 'app_type', 'grant_types', 'oidc_conformant', 'token_endpoint_auth_method']),
      keys: it.client_authentication_methods?.private_key_jwt?.credentials?.length,
    })),
    grants: grants.map((it) => pick(it, ['audience', 'scope', 'subject_type'])),
  }));
}

// Holds a Terraform configuration to the names that the provider has.
const checked = (path) => run(fileURLToPath(new URL('.venv/bin/python', import.meta.url)), [fileURLToPath(new URL('terraform.py', import.meta.url)), path], { timeout: 60_000 });

const folders = async (work) => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-exported-'));
  try {
    await cp(made, join(folder, 'data'), { recursive: true });
    await work(folder, join(folder, 'data'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
const secret = async (path) => (await readFile(path, 'utf8')).trim();

// What the head of the file tells to do with the service's client; each step is found in it first.
const CLIENT = {
  async secret(data, text, { client_id: id, client_secret: kept }) {
    assert.match(text, /^# - Write the secret of the application `Countersign service` .* into `acme.management-secret` in the data directory/m);
    assert.ok(id && kept);
    await writeFile(join(data, 'acme.management-secret'), `${kept}\n`, { mode: 0o600 });
  },
  async key(_, text, { client_id: id }) {
    assert.match(text, /^# - Delete the application `Countersign service`: .* and `apply` makes it anew/m);
    await auth0().clients.delete(id);
  },
};

// Imports the export into one tenant, goes on as its head says, and applies the same to another; `rest` is what else is wanted.
async function compare(folder, data, proof, rest) {
  const wanted = [...WANTED, ...rest];
  await furnish();
  const before = await found();
  await tenant(data, 'plan', ...wanted, '--format', 'deploy-cli', '--out', join(folder, 'out'));
  const text = await readFile(join(folder, 'out', 'tenant.yaml'), 'utf8');
  assert.match(text, TOLD);
  await deploy(['import', '--input_file', join(folder, 'out', 'tenant.yaml')], {
    COUNTERSIGN_URL: 'https://cs.example.com', COUNTERSIGN_KEY: await secret(join(data, 'acme.action-key')),
    LOG_STREAM_TOKEN: await secret(join(data, 'acme.log-token')), EVENT_STREAM_TOKEN: await secret(join(data, 'acme.event-token')),
  });
  const imported = await found();
  const accepted = await everything();
  // Until it is taken over it is a stranger.
  for (const blocked of [await asked(data, 'plan', ...wanted), await asked(data, 'apply', ...wanted, '--accept-scopes', accepted)]) assert.equal(blocked.code, 3, blocked.said);
  await tenant(data, 'remove', '--accept-scopes', accepted);
  assert.deepEqual(await found(), imported, 'what is not ours was removed');
  await CLIENT[proof](data, text, (await items(auth0().clients.list())).find(({ name }) => name === 'Countersign service'));
  const { said } = await asked(data, 'plan', ...wanted);
  const [line] = said.match(/^  --adopt .*$/m) ?? assert.fail(said);
  const adopting = [...wanted, ...line.trim().split(' ')];
  const { steps } = JSON.parse(await tenant(data, 'plan', ...adopting, '--format', 'json'));
  await tenant(data, 'apply', ...adopting, '--accept-scopes', accepted);
  assert.match(await tenant(data, 'plan', ...wanted), /Nothing has to change/);
  assert.deepEqual(await found(), imported, 'setting the secrets changed something else');
  await tenant(data, 'status');
  await tenant(data, 'remove', '--accept-scopes', accepted);
  assert.deepEqual(await found(), before, 'something of ours is left');
  // The same by ourselves, in a tenant as it was.
  await rm(join(data, 'acme.install.json'));
  await rm(join(data, 'acme.management-secret'), { force: true });
  await furnish();
  await tenant(data, 'apply', ...wanted, '--accept-scopes', accepted);
  return { imported, applied: await found(), steps };
}

// The credential has all scopes, so all are accepted.
async function everything() {
  const answer = await fetch(`https://${domain}/oauth/token`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, audience: `https://${domain}/api/v2/` }),
  });
  return (await answer.json()).scope;
}

test('what the Deploy CLI imports is what apply makes, and our place among others is kept', async () => {
  await folders(async (folder, data) => {
    const { imported, applied, steps } = await compare(folder, data, 'secret', []);
    assert.deepEqual(imported, applied);
    assert.deepEqual(imported.orders['post-login'].map(([, name]) => name), ['first', 'partner', 'Countersign post-login', 'last']);
    assert.deepEqual(imported.apis.map(({ token_lifetime: seconds }) => seconds), [3600]);
    assert.equal(imported.clients[0].token_endpoint_auth_method, 'client_secret_post');
    assert.ok(steps.length > 0);
    for (const { name, reason } of steps) assert.match(reason, ONLY_SECRETS, name);
  });
});

test('a service with a key of its own is imported as it is applied', async () => {
  await folders(async (folder, data) => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
    await writeFile(join(folder, 'key.pem'), publicKey);
    const { imported, applied, steps } = await compare(folder, data, 'key', ['--service-public-key', join(folder, 'key.pem')]);
    assert.deepEqual(imported, applied);
    assert.equal(imported.clients[0].keys, 1);
    const made = steps.filter(({ reason }) => !ONLY_SECRETS.test(reason)).map(({ name }) => name);
    assert.deepEqual(made, ['client.create', 'client_grant.create']);
  });
});

test('the Terraform configuration parses, and names only what the provider has', async () => {
  await folders(async (folder, data) => {
    await furnish();
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
    await writeFile(join(folder, 'key.pem'), publicKey);
    for (const [name, rest] of [['secret', []], ['key', ['--service-public-key', join(folder, 'key.pem')]]]) {
      const out = join(folder, name);
      await tenant(data, 'plan', ...WANTED, ...rest, '--format', 'terraform', '--out', out);
      const path = join(out, 'countersign.tf');
      const { stdout } = await checked(path).catch(({ stdout, stderr }) => assert.fail(`${stdout}${stderr}`));
      const order = JSON.parse(stdout).orders['post-login'];
      assert.deepEqual(order, ['first bound', 'partner bound', 'Countersign post-login', 'last bound']);
      // What is wrong is told, so that the check above says something.
      const text = await readFile(path, 'utf8');
      for (const [right, wrong, told] of [
        ['http_endpoint ', 'http_url ', /has no argument or block http_url/], ['"auth0_trigger_actions" "post_login"', '"auth0_flow_actions" "x"', /no resource auth0_flow_actions/],
        ['  webhook_authorization {', '  webhook_secrets {', /lacks webhook_authorization/], ['var.event_stream_token', 'var.other', /no variable other/],
        ['auth0_client.countersign.id', 'auth0_client.other.id', /no resource auth0_client.other/], ['terraform {', 'locals {', /no provider is named/],
      ]) {
        assert.ok(text.includes(right), right);
        await writeFile(path, text.replace(right, wrong));
        await assert.rejects(checked(path), ({ stderr }) => told.test(stderr), right);
      }
    }
  });
});
