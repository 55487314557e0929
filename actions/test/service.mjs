// The real service on a free port of the loopback, with a data directory of its own. `COUNTERSIGN_BIN` names the binary.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const START_MS = 20_000;

// The address from the first line that names one. Rejects when the process ends, or says nothing for too long.
function addressOf(child, stderr) {
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`the service ${why}: ${stderr()}`));
    const timer = setTimeout(() => fail('does not say where it listens'), START_MS);
    child.on('error', reject);
    child.on('exit', (code) => fail(`ended with ${code}`));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const match = /listens at (http:\/\/\S+)/.exec(line);
      if (match === null) return;
      clearTimeout(timer);
      resolve(match[1]);
    });
  });
}

// Starts `bin serve` for the tenants: an object of their names, each with the TOML lines of its policy.
export async function startService(bin, tenants) {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-service-'));
  const data = join(folder, 'data');
  const sections = Object.entries(tenants).map(([name, lines]) => `[tenants.${name}.policy.tenant]\n${lines.join('\n')}\n`);
  const config = join(folder, 'c.toml');
  writeFileSync(config, `[server]\nlisten = "127.0.0.1:0"\n[storage]\ndirectory = ${JSON.stringify(data)}\n${sections.join('')}`);
  const child = spawn(bin, ['serve', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (part) => (stderr = (stderr + part).slice(-4000)));
  const ended = new Promise((resolve) => child.on('close', resolve));
  const stop = async () => {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const url = await addressOf(child, () => stderr);
    const read = (name) => readFileSync(join(data, name), 'utf8').trim();
    const token = read('operator.token');
    // A request with the operator's token; the answer's status and JSON.
    const operate = async (path, method = 'GET', body = undefined) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const response = await fetch(`${url}${path}`, { method, headers, body: body && JSON.stringify(body) });
      return { status: response.status, json: await response.json() };
    };
    return { url, operate, stop, keyOf: (tenant) => read(`${tenant}.action-key`), signal: (name) => process.kill(child.pid, name) };
  } catch (error) {
    await stop();
    throw error;
  }
}
