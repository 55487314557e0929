// What the arguments of `api` methods may be. Each check throws a TypeError with what is wrong.
export const CHALLENGE = ['otp', 'email', 'phone', 'push-notification', 'webauthn-platform', 'webauthn-roaming', 'recovery-code'];
export const ENROLL = CHALLENGE.filter((type) => type !== 'email');
export const PROVIDERS = ['any', 'none', 'guardian', 'google-authenticator', 'duo'];
const RESERVED_CLAIMS = (
  'acr act amr aud auth_time authorization_details azp client_id cnf exp groups gty iat iss jti nbf nonce org_id ' +
  'org_name permissions roles sid sub txn'
).split(' ');
export const RESERVED_METADATA = (
  '__tenant _id blocked clientID created_at email_verified email globalClientID global_client_id identities lastIP ' +
  'lastLogin loginsCount metadata multifactor_last_modified multifactor updated_at user_id'
).split(' ');
export const SAML_SETTERS = (
  'Audience AuthnContextClassRef Cert CreateUpnClaim Destination DigestAlgorithm EncryptionAlgorithm EncryptionCert ' +
  'EncryptionPublicKey IncludeAttributeNameFormat Issuer Key LifetimeInSeconds MapIdentities MapUnknownClaimsAsIs ' +
  'NameIdentifierFormat NameIdentifierProbes PassthroughClaimsWithNoMapping Recipient RelayState SignResponse ' +
  'SignatureAlgorithm SigningCert TypedAttributes'
).split(' ');
export const TOKEN_ERRORS = ['invalid_scope', 'invalid_request', 'server_error'];
const MAX_ACTORS = 5; // As deep as a chain of actors may be.

export function demand(isMet, message) {
  if (!isMet) throw new TypeError(message);
}
export const isRecord = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
export const listOf = (value) => (Array.isArray(value) ? value : []);
export const bytesOf = (value) => Buffer.byteLength(JSON.stringify(value) ?? '', 'utf8');

export function text(value, name, max = 4096) {
  demand(typeof value === 'string' && value !== '' && value.length <= max, `\`${name}\` is no text of 1 to ${max} characters`);
}

export function options(value, allowed) {
  demand(value === undefined || isRecord(value), 'options must be an object');
  for (const key of Object.keys(value ?? {})) demand(allowed.includes(key), `option \`${key}\` is not documented`);
  return value ?? {};
}

export function json(value) {
  const written = JSON.stringify(value);
  demand(written !== undefined, 'the value has no JSON form');
  return JSON.parse(written);
}

export function factorOf(factor, allowed) {
  demand(isRecord(factor) && allowed.includes(factor.type), `\`${factor?.type}\` is not a factor that can be used here`);
  for (const key of Object.keys(factor)) demand(key === 'type' || key === 'options', `factor field \`${key}\` is not documented`);
  const known = { phone: ['preferredMethod'], 'push-notification': ['otpFallback'] }[factor.type] ?? [];
  const { preferredMethod, otpFallback } = options(factor.options, known);
  demand(preferredMethod === undefined || ['sms', 'voice', 'both'].includes(preferredMethod), '`preferredMethod` is unknown');
  demand(otpFallback === undefined || typeof otpFallback === 'boolean', '`otpFallback` is no boolean');
  return factor.type;
}

export function factorsOf(factors, allowed) {
  demand(Array.isArray(factors) && factors.length > 0, 'factors must be a list that is not empty');
  return factors.map((factor) => factorOf(factor, allowed));
}

// A list of `least` to `most` texts.
export function texts(values, name, most, least = 1) {
  demand(Array.isArray(values) && values.length >= least && values.length <= most, `\`${name}\` is no list of ${least} to ${most}`);
  for (const value of values) text(value, name);
}

// How a list is read in parts.
export function page(given) {
  const { take = 50, from } = options(given, ['take', 'from']);
  demand(Number.isInteger(take) && take > 0 && take <= 100, '`take` is 1 to 100');
  if (from !== undefined) text(from, 'from');
  return take;
}

// Who acts for whom: `{sub, act?}`, nested.
export function actors(given, left = MAX_ACTORS) {
  demand(left > 0, `more than ${MAX_ACTORS} actors`);
  demand(isRecord(given) && typeof given.sub === 'string' && given.sub !== '', 'an actor has a `sub`');
  if (given.act !== undefined) actors(given.act, left - 1);
}

export function claimSetter(state, token) {
  return (name, value) => {
    text(name, 'claim', 1024);
    demand(!RESERVED_CLAIMS.includes(name), `claim \`${name}\` is reserved`);
    demand(!/^urn:auth0/i.test(name), `claim \`${name}\` is reserved`);
    const host = /^https?:\/\/([^/:]+)/i.exec(name)?.[1] ?? '';
    demand(!/(^|\.)(auth0\.com|webtask\.(io|run))$/i.test(host), `claim \`${name}\` has a namespace of the vendor`);
    const claims = { ...state.claims[token], [name]: json(value) };
    demand(bytesOf(claims) <= 100 * 1024, 'claims have more than 100 KB');
    state.claims[token] = claims;
  };
}

export function metadataSetter(state, bag, reserved) {
  const checkKeys = (value) => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, part] of Object.entries(value)) {
      demand(!/[.$]/.test(key), 'a metadata key has a dot or a dollar sign');
      checkKeys(part);
    }
  };
  return (key, value) => {
    text(key, 'metadata key', 255);
    demand(!reserved.includes(key), `metadata key \`${key}\` is reserved`);
    const next = { ...state[bag], [key]: json(value) };
    checkKeys(next);
    demand(bytesOf(next) <= 32 * 1024, 'metadata has more than 32 kB');
    state[bag] = next;
  };
}

export function setTransactionMetadata(state) {
  return (key, value) => {
    text(key, 'metadata key', 64);
    demand(['string', 'number', 'boolean'].includes(typeof value), 'transaction metadata is text, number or boolean');
    demand(typeof value !== 'string' || Buffer.byteLength(value) <= 8192, 'transaction metadata value has more than 8 KB');
    const next = { ...state.transaction_metadata, [key]: value };
    demand(bytesOf(next) <= 16 * 1024, 'transaction metadata has more than 16 KB');
    state.transaction_metadata = next;
  };
}
