// The official Node SDK against the sandbox tenant: each covered resource is made, read, listed by pages, changed and deleted.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ManagementClient } from 'auth0';

const { SANDBOX_DOMAIN: domain, SANDBOX_CLIENT_ID: clientId, SANDBOX_CLIENT_SECRET: clientSecret } = process.env;
const auth0 = new ManagementClient({ domain, clientId, clientSecret });

const all = async (page) => {
  const items = [];
  for await (const item of await page) items.push(item);
  return items;
};

// A call that must fail as Auth0's would.
async function refused(call, statusCode, errorCode) {
  const error = await call.then(
    () => assert.fail('it was accepted'),
    (caught) => caught,
  );
  assert.equal(error.statusCode, statusCode, `${error}`);
  if (errorCode !== undefined) assert.equal(error.body?.errorCode, errorCode);
}

const name = (prefix) => `${prefix}-${process.hrtime.bigint().toString(36)}`;

async function makeUser(fields = {}) {
  const email = `${name('user')}@example.com`;
  return auth0.users.create({ connection: 'Username-Password-Authentication', email, password: 'A long-enough 1 password!', ...fields });
}

test('users', async () => {
  const user = await makeUser({ app_metadata: { plan: 'gold', nested: { a: 1 } } });
  assert.match(user.user_id, /^auth0\|[0-9a-f]{24}$/);
  const changed = await auth0.users.update(user.user_id, { name: 'Pat', app_metadata: { plan: null, seat: 3 } });
  assert.deepEqual(changed.app_metadata, { nested: { a: 1 }, seat: 3 });
  assert.equal((await auth0.users.get(user.user_id)).name, 'Pat');
  assert.equal((await auth0.users.listUsersByEmail({ email: user.email })).length, 1);
  await auth0.users.update(user.user_id, { blocked: true });
  const found = await all(auth0.users.list({ q: `email:"${user.email}"`, search_engine: 'v3' }));
  assert.deepEqual(found.map((one) => one.blocked), [true]);
  await refused(makeUser({ email: user.email }), 409);
  await refused(auth0.users.get('auth0|000000000000000000000000'), 404, 'inexistent_user');
  await auth0.users.delete(user.user_id);
  await refused(auth0.users.get(user.user_id), 404, 'inexistent_user');
});

test('roles, their permissions and their users', async () => {
  const api = await auth0.resourceServers.create({ identifier: `https://${name('api')}.example.com`, name: name('api'), scopes: [{ value: 'read:x' }] });
  const role = await auth0.roles.create({ name: name('role'), description: 'for a test' });
  assert.match(role.id, /^rol_/);
  await auth0.roles.permissions.add(role.id, { permissions: [{ resource_server_identifier: api.identifier, permission_name: 'read:x' }] });
  assert.deepEqual((await all(auth0.roles.permissions.list(role.id))).map((one) => one.permission_name), ['read:x']);
  const user = await makeUser();
  await auth0.users.roles.assign(user.user_id, { roles: [role.id] });
  assert.deepEqual((await all(auth0.users.roles.list(user.user_id))).map((one) => one.id), [role.id]);
  assert.deepEqual((await all(auth0.roles.users.list(role.id))).map((one) => one.user_id), [user.user_id]);
  await auth0.users.roles.delete(user.user_id, { roles: [role.id] });
  assert.deepEqual(await all(auth0.users.roles.list(user.user_id)), []);
  assert.equal((await auth0.roles.update(role.id, { description: 'changed' })).description, 'changed');
  await auth0.roles.delete(role.id);
  await refused(auth0.roles.get(role.id), 404);
  await auth0.resourceServers.delete(api.id);
});

test('a list longer than a page comes whole, each item once', async () => {
  const made = [];
  for (let n = 0; n < 25; n += 1) made.push((await auth0.roles.create({ name: name(`paged-${n}`) })).id);
  const listed = (await all(auth0.roles.list({ per_page: 10 }))).map((role) => role.id);
  assert.equal(new Set(listed).size, listed.length);
  for (const id of made) assert.ok(listed.includes(id));
  for (const id of made) await auth0.roles.delete(id);
});

test('APIs', async () => {
  const identifier = `https://${name('api')}.example.com`;
  const api = await auth0.resourceServers.create({ identifier, name: name('api'), signing_alg: 'RS256', token_lifetime: 600 });
  assert.equal((await auth0.resourceServers.get(api.id)).identifier, identifier);
  assert.equal((await auth0.resourceServers.update(api.id, { token_lifetime: 1200 })).token_lifetime, 1200);
  assert.ok((await all(auth0.resourceServers.list())).some((one) => one.id === api.id));
  await refused(auth0.resourceServers.create({ identifier, name: 'twice' }), 409);
  await auth0.resourceServers.delete(api.id);
  await refused(auth0.resourceServers.get(api.id), 404);
});

test('organizations with members, roles, invitations, connections and domains', async () => {
  const connection = await auth0.connections.create({ name: name('db'), strategy: 'auth0' });
  const client = await auth0.clients.create({
    name: name('app'), app_type: 'regular_web', organization_usage: 'allow', initiate_login_uri: 'https://app.example.com/login',
  });
  const organization = await auth0.organizations.create({ name: name('org').toLowerCase(), display_name: 'A test', metadata: { tier: '1' } });
  assert.match(organization.id, /^org_/);
  assert.equal((await auth0.organizations.getByName(organization.name)).id, organization.id);
  assert.equal((await auth0.organizations.update(organization.id, { display_name: 'Changed' })).display_name, 'Changed');

  const users = [await makeUser(), await makeUser()];
  await auth0.organizations.members.create(organization.id, { members: users.map((user) => user.user_id) });
  const members = await all(auth0.organizations.members.list(organization.id, { take: 1 }));
  assert.deepEqual(members.map((one) => one.user_id).sort(), users.map((user) => user.user_id).sort());
  const role = await auth0.roles.create({ name: name('role') });
  await auth0.organizations.members.roles.assign(organization.id, users[0].user_id, { roles: [role.id] });
  assert.deepEqual((await all(auth0.organizations.members.roles.list(organization.id, users[0].user_id))).map((one) => one.id), [role.id]);
  await auth0.organizations.members.roles.delete(organization.id, users[0].user_id, { roles: [role.id] });
  assert.deepEqual(await all(auth0.organizations.members.roles.list(organization.id, users[0].user_id)), []);
  assert.deepEqual((await all(auth0.users.organizations.list(users[0].user_id))).map((one) => one.id), [organization.id]);
  await auth0.organizations.members.delete(organization.id, { members: [users[1].user_id] });
  assert.equal((await all(auth0.organizations.members.list(organization.id))).length, 1);

  await auth0.organizations.enabledConnections.add(organization.id, { connection_id: connection.id, assign_membership_on_login: true });
  assert.deepEqual((await all(auth0.organizations.enabledConnections.list(organization.id))).map((one) => one.connection_id), [connection.id]);
  const invitation = await auth0.organizations.invitations.create(organization.id, {
    inviter: { name: 'Pat' }, invitee: { email: 'new@example.com' }, client_id: client.client_id, send_invitation_email: false,
  });
  assert.match(invitation.invitation_url, /^https:\/\/app\.example\.com\/login\?/);
  await auth0.organizations.invitations.delete(organization.id, invitation.id);
  const domain = await auth0.organizations.discoveryDomains.create(organization.id, { domain: `${name('d')}.example.com` });
  assert.equal(domain.status, 'pending');
  await auth0.organizations.discoveryDomains.delete(organization.id, domain.id);

  await refused(auth0.organizations.create({ name: organization.name }), 409);
  await refused(auth0.organizations.create({ name: 'Not A Name' }), 400);
  await auth0.organizations.delete(organization.id);
  await refused(auth0.organizations.get(organization.id), 404);
  await auth0.clients.delete(client.client_id);
  await auth0.connections.delete(connection.id);
});

test('connections', async () => {
  const connection = await auth0.connections.create({ name: name('db'), strategy: 'auth0', options: { brute_force_protection: true } });
  assert.match(connection.id, /^con_/);
  const client = await auth0.clients.create({ name: name('app') });
  await auth0.connections.clients.update(connection.id, [{ client_id: client.client_id, status: true }]);
  assert.deepEqual((await all(auth0.connections.clients.get(connection.id))).map((one) => one.client_id), [client.client_id]);
  assert.equal((await auth0.connections.update(connection.id, { display_name: 'Shown' })).display_name, 'Shown');
  assert.ok((await all(auth0.connections.list())).some((one) => one.id === connection.id));
  await refused(auth0.connections.create({ name: connection.name, strategy: 'auth0' }), 409);
  await auth0.connections.delete(connection.id);
  await refused(auth0.connections.get(connection.id), 404);
});

test('applications, their credentials and their grants', async () => {
  const api = await auth0.resourceServers.create({ identifier: `https://${name('api')}.example.com`, name: name('api'), scopes: [{ value: 'read:x' }, { value: 'write:x' }] });
  const client = await auth0.clients.create({ name: name('machine'), app_type: 'non_interactive', grant_types: ['client_credentials'] });
  assert.ok(client.client_secret.length >= 48);
  assert.equal((await auth0.clients.get(client.client_id)).name, client.name);
  const rotated = await auth0.clients.rotateSecret(client.client_id);
  assert.notEqual(rotated.client_secret, client.client_secret);
  const grant = await auth0.clientGrants.create({ client_id: client.client_id, audience: api.identifier, scope: ['read:x'] });
  assert.deepEqual((await auth0.clientGrants.update(grant.id, { scope: ['read:x', 'write:x'] })).scope, ['read:x', 'write:x']);
  assert.deepEqual((await all(auth0.clientGrants.list({ client_id: client.client_id }))).map((one) => one.id), [grant.id]);
  await refused(auth0.clientGrants.create({ client_id: client.client_id, audience: api.identifier, scope: [] }), 409);
  await auth0.clientGrants.delete(grant.id);
  await auth0.clients.delete(client.client_id);
  await refused(auth0.clients.get(client.client_id), 404);
  await auth0.resourceServers.delete(api.id);
});

test('Actions are made, built, deployed, bound, rolled back and deleted', async () => {
  const code = (n) => `exports.onExecutePostLogin = async (event, api) => { console.log(${n}); };`;
  const action = await auth0.actions.create({
    name: name('action'), supported_triggers: [{ id: 'post-login', version: 'v3' }], code: code(1), runtime: 'node22',
    secrets: [{ name: 'KEY', value: 'not shown again' }],
  });
  assert.ok(!JSON.stringify(action).includes('not shown again'));
  const built = async () => {
    for (let n = 0; n < 100; n += 1) {
      const { status } = await auth0.actions.get(action.id);
      if (status === 'built') return;
      assert.ok(['pending', 'building'].includes(status), status);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.fail('it was never built');
  };
  await built();
  const first = await auth0.actions.deploy(action.id);
  await auth0.actions.update(action.id, { code: code(2) });
  await built();
  await auth0.actions.deploy(action.id);
  const versions = await all(auth0.actions.versions.list(action.id));
  assert.equal(versions.length, 2);
  const bindings = await auth0.actions.triggers.bindings.updateMany('post-login', {
    bindings: [{ ref: { type: 'action_id', value: action.id }, display_name: 'ours' }],
  });
  assert.equal(bindings.bindings[0].action.id, action.id);
  assert.deepEqual((await all(auth0.actions.triggers.bindings.list('post-login'))).map((one) => one.display_name), ['ours']);
  await auth0.actions.versions.deploy(action.id, first.id);
  assert.equal((await auth0.actions.get(action.id)).deployed_version.code, code(1));
  await auth0.actions.triggers.bindings.updateMany('post-login', { bindings: [] });
  await auth0.actions.delete(action.id);
  await refused(auth0.actions.get(action.id), 404);
});

test('log streams and logs', async () => {
  const stream = await auth0.logStreams.create({
    name: name('stream'), type: 'http',
    sink: { httpEndpoint: 'https://logs.example.com/in', httpContentType: 'application/json', httpContentFormat: 'JSONLINES', httpAuthorization: 'Bearer x' },
  });
  assert.match(stream.id, /^lst_/);
  assert.equal((await auth0.logStreams.update(stream.id, { status: 'paused' })).status, 'paused');
  assert.ok((await auth0.logStreams.list()).some((one) => one.id === stream.id));
  await auth0.logStreams.delete(stream.id);
  await refused(auth0.logStreams.get(stream.id), 404);
  const logs = await auth0.logs.list({ per_page: 5, sort: 'date:-1' });
  assert.ok(logs.data.length > 0);
  assert.equal((await auth0.logs.get(logs.data[0].log_id)).type, logs.data[0].type);
});

test('event streams', async () => {
  const stream = await auth0.eventStreams.create({
    name: name('events'), subscriptions: [{ event_type: 'user.created' }],
    destination: { type: 'webhook', configuration: { webhook_endpoint: 'https://events.example.com/in', webhook_authorization: { method: 'bearer', token: 'x' } } },
  });
  assert.match(stream.id, /^est_/);
  assert.ok((await all(auth0.eventStreams.list())).some((one) => one.id === stream.id));
  assert.equal((await auth0.eventStreams.update(stream.id, { status: 'disabled' })).status, 'disabled');
  await auth0.eventStreams.delete(stream.id);
  await refused(auth0.eventStreams.get(stream.id), 404);
});

test('attack protection, Guardian, tickets and blocks', async () => {
  const brute = await auth0.attackProtection.bruteForceProtection.update({ enabled: true, max_attempts: 7 });
  assert.equal(brute.max_attempts, 7);
  assert.equal((await auth0.attackProtection.bruteForceProtection.get()).max_attempts, 7);
  assert.equal(typeof (await auth0.attackProtection.suspiciousIpThrottling.get()).enabled, 'boolean');
  assert.ok((await auth0.guardian.factors.list()).some((factor) => factor.name === 'otp'));
  await auth0.guardian.policies.set(['all-applications']);
  assert.deepEqual(await auth0.guardian.policies.list(), ['all-applications']);
  await auth0.guardian.policies.set([]);
  const user = await makeUser();
  assert.match((await auth0.tickets.changePassword({ user_id: user.user_id })).ticket, /^https:\/\//);
  assert.deepEqual((await auth0.userBlocks.list(user.user_id)).blocked_for, []);
  assert.deepEqual(await all(auth0.users.authenticationMethods.list(user.user_id)), []);
  assert.deepEqual(await all(auth0.users.sessions.list(user.user_id)), []);
});

test('a token without the scope, and no token at all', async () => {
  const client = await auth0.clients.create({ name: name('narrow'), app_type: 'non_interactive', grant_types: ['client_credentials'] });
  await auth0.clientGrants.create({ client_id: client.client_id, audience: `https://${domain}/api/v2/`, scope: ['read:roles'] });
  const narrow = new ManagementClient({ domain, clientId: client.client_id, clientSecret: client.client_secret });
  assert.ok(Array.isArray((await narrow.roles.list()).data));
  await refused(narrow.users.list(), 403, 'insufficient_scope');
  const nobody = new ManagementClient({ domain, token: 'nothing' });
  await refused(nobody.roles.list(), 401);
});
