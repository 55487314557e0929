// Browsers: one that keeps cookies, follows where it is sent and fills forms in; and Chromium, worked by its own protocol over a pipe.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const unescaped = (text) => text.replaceAll('&#39;', "'").replaceAll('&#x27;', "'").replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&');
const attribute = (tag, name) => {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(tag);
  return found && unescaped(found[1]);
};

// Cookies as a browser keeps them, as far as a sign-in needs it: by host and port, gone when they are empty or over.
export class Browser {
  #jar = new Map();

  constructor(fields = {}) {
    this.fields = fields;
  }

  cookies(url) {
    return this.#jar.get(new URL(url).host) ?? new Map();
  }

  async send(url, options = {}) {
    const { host } = new URL(url);
    const jar = this.#jar.get(host) ?? this.#jar.set(host, new Map()).get(host);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...options, redirect: 'manual', headers: { ...options.headers, ...(cookie && { Cookie: cookie }) } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === '' || /max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  // Goes where it is sent and fills in what it is asked, until a page has no form of the provider's; the last answer with its address.
  async follow(url, until) {
    let options = {};
    for (let pages = 0; pages < 25; pages += 1) {
      const response = await this.send(url, options);
      const location = response.headers.get('location');
      if (location) {
        [url, options] = [new URL(location, url).href, {}];
        continue;
      }
      if (url.startsWith(until)) return { response, url };
      const page = await response.text();
      if (!response.ok) throw new Error(`${url}: ${response.status} ${page}`);
      const form = /<form[\s\S]*?<\/form>/.exec(page)?.[0];
      if (!form) throw new Error(`${url} leads nowhere: ${page}`);
      const inputs = form.match(/<input[^>]*>/g) ?? [];
      const body = new URLSearchParams(inputs.filter((tag) => attribute(tag, 'name')).map((tag) => {
        const name = attribute(tag, 'name');
        return [name, this.fields[name] ?? attribute(tag, 'value') ?? ''];
      }));
      [url, options] = [new URL(attribute(form, 'action') ?? url, url).href, { method: 'POST', body }];
    }
    throw new Error(`the sign-in does not end: ${url}`);
  }
}

// Chromium without a window. Its protocol comes as JSON, each message ended by a null byte.
export class Chromium {
  #next = 1;
  #waiting = new Map();
  #rest = '';
  said = [];
  failed = [];

  static async start() {
    const chromium = new Chromium();
    chromium.folder = await mkdtemp(join(tmpdir(), 'countersign-chromium-'));
    const words = [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-extensions',
      '--ignore-certificate-errors', '--remote-debugging-pipe', `--user-data-dir=${chromium.folder}`, 'about:blank',
    ];
    chromium.child = spawn(process.env.CHROMIUM ?? 'chromium', words, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    chromium.child.stdio[4].setEncoding('utf8').on('data', (text) => chromium.#read(text));
    const { targetId } = await chromium.ask('Target.createTarget', { url: 'about:blank' }, null);
    ({ sessionId: chromium.session } = await chromium.ask('Target.attachToTarget', { targetId, flatten: true }, null));
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await chromium.ask(`${domain}.enable`);
    return chromium;
  }

  #read(text) {
    const parts = (this.#rest + text).split('\0');
    this.#rest = parts.pop();
    for (const part of parts) {
      const { id, result, error, method, params } = JSON.parse(part);
      if (id) {
        const [done, failed] = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (error) failed(new Error(error.message));
        else done(result);
      } else if (method === 'Log.entryAdded' && params.entry.level === 'error') {
        this.said.push(`${params.entry.text} ${params.entry.url ?? ''}`);
      } else if (method === 'Runtime.exceptionThrown') {
        this.said.push(params.exceptionDetails.text);
      } else if (method === 'Network.loadingFailed') {
        this.failed.push(params.errorText);
      }
    }
  }

  ask(method, params = {}, sessionId = this.session) {
    const id = this.#next++;
    const message = JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) });
    this.child.stdio[3].write(`${message}\0`);
    return new Promise((done, failed) => this.#waiting.set(id, [done, failed]));
  }

  goto(url) {
    return this.ask('Page.navigate', { url });
  }

  async evaluate(expression) {
    const { result, exceptionDetails } = await this.ask('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }

  // Waits until something is so on the page, which may be another one by then.
  async until(expression) {
    const end = Date.now() + 30_000;
    while (Date.now() < end) {
      const value = await this.evaluate(`document.readyState === 'complete' && (${expression})`).catch(() => undefined);
      if (value) return value;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`it does not come to be: ${expression} at ${await this.evaluate('location.href + "\\n" + document.body.innerText')}`);
  }

  // Why something that the page asked for was not shown to it.
  async blocked() {
    for (const end = Date.now() + 10_000; Date.now() < end && this.failed.length === 0;) await new Promise((done) => setTimeout(done, 50));
    return this.failed[0];
  }

  async end() {
    await this.ask('Browser.close', {}, null).catch(() => {});
    this.child.kill();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
