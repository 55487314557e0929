// People sign in at the whole service: `countersign serve` with TLS, a provider's own login page, the console, and out again. Once with a
// client that keeps cookies and once with Chromium, at npm's `oidc-provider` and at the sandbox tenant.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createWebServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';

import { ManagementClient } from 'auth0';

import { Browser, Chromium } from './browser.mjs';

const { SANDBOX_DOMAIN: domain, SANDBOX_CLIENT_ID: clientId, SANDBOX_CLIENT_SECRET: clientSecret, SANDBOX_CA: authority } = process.env;
const { COUNTERSIGN_BIN: countersign, CONFORMANCE_TLS: tls } = process.env;
const SECRET = 'a secret of the tests';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// npm's `oidc-provider`: whoever signs in has the group `secops`, for which the configuration gives a role.
async function others(back) {
  const child = spawn('node', ['oidc-provider.mjs'], { env: { ...process.env, CLIENT_SECRET: SECRET, REDIRECT_URI: back }, stdio: ['pipe', 'pipe', 'ignore'] });
  const [issuer] = await once(createInterface({ input: child.stdout }), 'line');
  return {
    issuer, client: 'basic', secret: SECRET, more: 'roles_claim = "groups"\nscopes = ["profile", "groups"]\n[[access.claims]]\nvalue = "secops"\nrole = "administrator"\n',
    fields: { login: 'pat', password: 'any' }, name: 'Pat Example', end: () => child.kill(),
  };
}

// The sandbox tenant: the person is granted a role by the provider's id of them.
async function sandbox(back) {
  const auth0 = new ManagementClient({ domain, clientId, clientSecret });
  const tag = Math.random().toString(36).slice(2);
  const { client_id: client, client_secret: secret } = await auth0.clients.create({
    name: `Console ${tag}`, app_type: 'regular_web', callbacks: [back], grant_types: ['authorization_code'], token_endpoint_auth_method: 'client_secret_basic',
  });
  const { id } = await auth0.connections.create({ name: `people-${tag}`, strategy: 'auth0', enabled_clients: [client] });
  const [email, password] = [`pat-${tag}@example.com`, 'a good Passw0rd!'];
  const { user_id: subject } = await auth0.users.create({ connection: `people-${tag}`, email, password, name: 'Pat of the sandbox' });
  return {
    issuer: `https://${domain}/`, client, secret, subject, more: `ca = ${JSON.stringify(authority)}\n`, fields: { username: email, password }, name: 'Pat of the sandbox',
    async end() {
      await auth0.users.delete(subject);
      await auth0.connections.delete(id);
      await auth0.clients.delete(client);
    },
  };
}

class Service {
  static async start(make) {
    const service = new Service();
    service.folder = await mkdtemp(join(tmpdir(), 'countersign-sign-in-'));
    const port = await freePort();
    service.url = `https://127.0.0.1:${port}`;
    service.provider = await make(`${service.url}/sign-in/callback`);
    const { issuer, client, secret, more } = service.provider;
    const file = join(service.folder, 'countersign.toml');
    await writeFile(file, `[server]
listen = "127.0.0.1:${port}"
public_url = "${service.url}"
[server.tls]
certificate = ${JSON.stringify(`${tls}.pem`)}
key = ${JSON.stringify(`${tls}.key`)}
[storage]
directory = ${JSON.stringify(join(service.folder, 'data'))}
[tenants.acme]
[access.oidc]
issuer = "${issuer}"
client_id = "${client}"
client_secret = "env:CONSOLE_SECRET"
${more}`);
    service.child = spawn(countersign, ['serve', '--config', file], { env: { ...process.env, CONSOLE_SECRET: secret }, stdio: ['ignore', 'pipe', 'pipe'] });
    service.told = '';
    for (const stream of [service.child.stdout, service.child.stderr]) stream.setEncoding('utf8').on('data', (text) => { service.told += text; });
    for (const end = Date.now() + 30_000; !service.told.includes('listens at');) {
      assert.ok(Date.now() < end && service.child.exitCode === null, service.told);
      await new Promise((done) => setTimeout(done, 50));
    }
    if (service.provider.subject) await service.let(service.provider.subject);
    return service;
  }

  // Makes a person an administrator, as whoever has the data directory.
  async let(subject) {
    const token = (await readFile(join(this.folder, 'data', 'operator.token'), 'utf8')).trim();
    const post = async (path, body) => {
      const answer = await fetch(`${this.url}${path}`, { method: 'POST', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
      assert.ok(answer.ok, await answer.clone().text());
      return answer.json();
    };
    const { id } = await post('/v1/access/people', { subject, name: 'Pat' });
    await post('/v1/access/grants', { principal: id, role: 'administrator' });
  }

  // The session of a browser as it is listed, and every session there is.
  async sessions(browser) {
    const me = await (await browser.send(`${this.url}/v1/access/me`)).json();
    const { sessions } = await (await browser.send(`${this.url}/v1/access/sessions`)).json();
    return { me, sessions };
  }

  async end() {
    this.child.kill();
    await once(this.child, 'exit');
    await this.provider.end();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const post = (url, fields, headers) => [url, { method: 'POST', body: new URLSearchParams(fields), headers }];
const NAME = '__Host-countersign';

for (const [where, make] of [["npm's oidc-provider", others], ['the sandbox tenant', sandbox]]) {
  describe(where, { timeout: 240_000 }, () => {
    let service;
    before(async () => { service = await Service.start(make); });
    after(() => service?.end());

    async function signedIn() {
      const browser = new Browser(service.provider.fields);
      const { response, url } = await browser.follow(`${service.url}/sign-in/start?to=%2Faccess%3Ftenant%3Dacme`, `${service.url}/`);
      return { browser, response, url, page: await response.text() };
    }

    test('a person goes through the login page into the console, is listed, revoked, and is out', async () => {
      const nobody = await new Browser().send(`${service.url}/`, { headers: { Accept: 'text/html' } });
      assert.equal(nobody.status, 401);
      assert.match(await nobody.text(), /href="\/sign-in\/start\?to=%2F"/);

      const began = await new Browser().send(`${service.url}/sign-in/start`);
      const address = new URL(began.headers.get('location'));
      assert.equal(address.searchParams.get('code_challenge_method'), 'S256');
      assert.match(began.headers.getSetCookie()[0], /^__Host-countersign_sign_in=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/);

      const { browser: one, response, url, page } = await signedIn();
      assert.equal(response.status, 200, page);
      assert.equal(url, `${service.url}/access?tenant=acme`);
      assert.ok(page.includes(service.provider.name), page);
      const policy = response.headers.get('content-security-policy');
      for (const part of ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"]) assert.ok(policy.includes(part), policy);
      assert.deepEqual(['x-frame-options', 'cache-control', 'strict-transport-security'].map((name) => response.headers.get(name)), ['DENY', 'no-store', 'max-age=31536000']);
      assert.deepEqual([...one.cookies(service.url).keys()], [NAME], 'what was begun is over');

      const { browser: two } = await signedIn();
      const { me, sessions } = await service.sessions(one);
      assert.equal(me.how, 'oidc');
      assert.equal(sessions.length, 2);
      const other = sessions.find(({ id }) => id !== me.session);
      const revoke = (headers) => one.send(...post(`${service.url}/access/end-session`, { tenant: 'acme', id: other.id }, headers));
      for (const headers of [{}, { Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'cross-site' }]) assert.equal((await revoke(headers)).status, 403, JSON.stringify(headers));
      assert.equal((await two.send(`${service.url}/`)).status, 200, 'nothing was revoked yet');
      assert.equal((await revoke({ Origin: service.url })).status, 303);
      assert.equal((await two.send(`${service.url}/`)).status, 401, 'with its next request');
      assert.equal((await service.sessions(one)).sessions.length, 1);

      const kept = one.cookies(service.url).get(NAME);
      const out = await one.send(...post(`${service.url}/sign-out`, {}, { Origin: service.url }));
      assert.deepEqual([out.status, out.headers.get('location')], [303, '/sign-in']);
      assert.match(out.headers.getSetCookie()[0], /^__Host-countersign=; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=0$/);
      const replayed = await fetch(`${service.url}/v1/access/me`, { headers: { Cookie: `${NAME}=${kept}` } });
      assert.equal(replayed.status, 401, 'the cookie is worth nothing any more');
      assert.ok(!service.told.includes(kept) && !service.told.includes(service.provider.name), 'the log tells neither the session nor the person');
    });

    test('a code that was used, or came to another browser, lets nobody in', async () => {
      const [thief, victim] = [new Browser(service.provider.fields), new Browser(service.provider.fields)];
      const start = (await victim.send(`${service.url}/sign-in/start`)).headers.get('location');
      // As far as the provider sends it, which is back to us.
      let back;
      const going = victim.send.bind(victim);
      victim.send = async (url, options) => {
        if (!url.startsWith(`${service.url}/sign-in/callback`)) return going(url, options);
        back = url;
        return new Response('', { status: 200 });
      };
      await victim.follow(start, `${service.url}/`);
      victim.send = going;
      assert.equal((await thief.send(back)).status, 401, 'it never began');
      await thief.send(`${service.url}/sign-in/start`);
      assert.equal((await thief.send(back)).status, 401, 'it began another one');
      assert.equal((await victim.send(back)).status, 303);
      assert.equal((await victim.send(back)).status, 401, 'once');
      assert.equal((await victim.send(...post(`${service.url}/sign-out`, {}, { Origin: service.url }))).status, 303);
    });

    test('the same by Chromium', async () => {
      const { browser: elsewhere } = await signedIn();
      const chromium = await Chromium.start();
      try {
        await chromium.goto(`${service.url}/access`);
        await chromium.until(`document.querySelector('a[href^="/sign-in/start"]')`);
        chromium.said.length = 0;
        await chromium.evaluate(`document.querySelector('a[href^="/sign-in/start"]').click()`);
        for (const [name, value] of Object.entries(service.provider.fields)) {
          await chromium.until(`document.querySelector('input[name="${name}"]')`);
          await chromium.evaluate(`document.querySelector('input[name="${name}"]').value = ${JSON.stringify(value)}`);
        }
        const submit = `document.querySelector('form [type="submit"], form button').click()`;
        await chromium.evaluate(submit);
        // Some ask for consent before they send one back.
        await chromium.until(`location.origin === '${service.url}' || document.querySelector('form')`);
        if (!await chromium.evaluate(`location.origin === '${service.url}'`)) await chromium.evaluate(submit);
        await chromium.until(`location.href.startsWith('${service.url}/access') && document.body.innerText.includes(${JSON.stringify(service.provider.name)})`);
        assert.equal(await chromium.evaluate('document.cookie'), '', 'no script can read the session');
        const { cookies } = await chromium.ask('Network.getCookies', { urls: [service.url] });
        // The provider's are there too: cookies know no ports.
        const ours = cookies.filter((cookie) => cookie.name.includes('countersign'));
        assert.deepEqual(ours.map(({ name, secure, httpOnly, sameSite, path }) => [name, secure, httpOnly, sameSite, path]), [[NAME, true, true, 'Lax', '/']]);

        const row = `[...document.querySelectorAll('form[action="/access/end-session"]')].map((form) => form.closest('tr'))`;
        assert.equal(await chromium.evaluate(`${row}.length`), 2);
        await chromium.evaluate(`${row}.find((row) => !row.innerText.includes('(this browser)')).querySelector('button').click()`);
        await chromium.until(`location.search.includes('told=signed_out') && ${row}.length === 1`);
        assert.equal((await elsewhere.send(`${service.url}/`)).status, 401);
        await chromium.goto(`${service.url}/?tenant=acme`);
        await chromium.until(`document.querySelector('form[action="/sign-out"]')`);
        // What the provider's own pages lack is not ours.
        const said = chromium.said.filter((text) => !text.includes('http') || text.includes(service.url));
        assert.deepEqual(said, [], 'nothing is refused by the policy of the pages, and no script fails');

        await chromium.evaluate(`document.querySelector('form[action="/sign-out"] button').click()`);
        await chromium.until(`location.pathname === '/sign-in'`);
        await chromium.goto(`${service.url}/access`);
        await chromium.until(`document.body.innerText.includes('has no session here')`);
        const { cookies: left } = await chromium.ask('Network.getCookies', { urls: [service.url] });
        assert.deepEqual(left.filter(({ name }) => name.includes('countersign')), []);
      } finally {
        await chromium.end();
      }
    });

    test('a page elsewhere can neither frame the console nor act in it', async () => {
      const { browser } = await signedIn();
      const chromium = await Chromium.start();
      let elsewhere;
      try {
        await chromium.ask('Network.setCookie', { url: service.url, name: NAME, value: browser.cookies(service.url).get(NAME), secure: true, httpOnly: true, sameSite: 'None', path: '/' });
        const page = `<iframe src="${service.url}/access"></iframe><form method="post" action="${service.url}/sign-out"><button>win</button></form>`;
        elsewhere = createWebServer((_, response) => response.setHeader('content-type', 'text/html').end(page)).listen(0, '127.0.0.1');
        await once(elsewhere, 'listening');
        await chromium.goto(`http://localhost:${elsewhere.address().port}/`);
        await chromium.until(`document.querySelector('iframe')`);
        assert.deepEqual(await chromium.blocked(), 'net::ERR_BLOCKED_BY_RESPONSE', 'the frame stays empty');
        await chromium.evaluate(`document.querySelector('button').click()`);
        await chromium.until(`location.href.startsWith('${service.url}') && document.body.innerText.includes('origin')`);
        assert.equal((await browser.send(`${service.url}/`)).status, 200, 'it is signed in as before');
      } finally {
        elsewhere?.close();
        await chromium.end();
      }
    });
  });
}
