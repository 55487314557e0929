import { options } from './checks.mjs';

const DAY_MS = 24 * 60 * 60 * 1000;

// Auth0's Action cache: 20 entries, 64-byte keys, 4 kB values, 8 kB in all, 15 min unless told, 24 h at most.
export function createCache({ now = Date.now, onWrite = () => undefined } = {}) {
  const entries = new Map();
  const failed = (code) => ({ type: 'error', code });
  const size = () => [...entries].reduce((sum, [key, { value }]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  const put = (key, record) => (record === null ? entries.delete(key) : entries.set(key, record));
  return {
    put,
    get(key) {
      const record = entries.get(key);
      if (record !== undefined && record.expires_at <= now()) entries.delete(key);
      return entries.has(key) ? { ...record } : undefined;
    },
    set(key, value, given) {
      const { ttl = 15 * 60 * 1000, expires_at: until = now() + ttl } = options(given, ['ttl', 'expires_at']);
      if (typeof key !== 'string' || Buffer.byteLength(key) > 64) return failed('CacheKeySizeExceeded');
      if (typeof value !== 'string' || Buffer.byteLength(value) > 4096) return failed('ItemSizeExceeded');
      for (const [other, { expires_at: end }] of entries) if (end <= now()) entries.delete(other);
      const before = entries.get(key);
      const record = { value, expires_at: Math.min(until, now() + DAY_MS) };
      put(key, record);
      if (entries.size > 20 || size() > 8192) {
        put(key, before ?? null);
        return failed('CacheSizeExceeded');
      }
      onWrite(key, record);
      return { type: 'success', record: { ...record } };
    },
    delete(key) {
      put(key, null);
      onWrite(key, null);
      return { type: 'success' };
    },
  };
}
