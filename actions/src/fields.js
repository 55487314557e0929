'use strict';

const {
  words,
  many,
  tree,
  IDENTIFIER,
  EMAIL,
  NAME,
  TIME,
  FLAG,
  COUNT,
  ROLES,
  METHODS,
  FACTORS,
  IDENTITIES,
  SCOPES,
  NAMED,
  CLIENT,
  CONNECTION,
  REQUEST,
  writeRequest,
} = require('./request');
const { postureOf } = require('./device-posture');

const DEVICE = {
  initial_ip: words(64),
  initial_asn: words(32),
  initial_user_agent: words(512),
  last_ip: words(64),
  last_asn: words(32),
  last_user_agent: words(512),
};

// The allow-list: what is not named here is never sent.
const EVENT_FIELDS = {
  tenant: { id: IDENTIFIER },
  request: { ip: REQUEST.ip, asn: words(32), ...REQUEST, query: { prompt: words(64) } },
  client: CLIENT,
  connection: CONNECTION,
  organization: NAMED,
  authentication: { methods: METHODS, riskAssessment: tree(6144, ['supplemental']) },
  authorization: { roles: ROLES },
  resource_server: { identifier: words(512) },
  security_context: { ja3: words(128), ja4: words(128) },
  session: { id: IDENTIFIER, created_at: TIME, authenticated_at: TIME, device: DEVICE },
  refresh_token: { id: IDENTIFIER, created_at: TIME, session_id: IDENTIFIER, device: DEVICE },
  stats: { logins_count: COUNT },
  transaction: {
    id: IDENTIFIER,
    acr_values: many(words(128)),
    prompt: many(words(64), 8),
    protocol: words(64),
    requested_scopes: SCOPES,
    correlation_id: words(128),
  },
  user: {
    user_id: IDENTIFIER,
    email: EMAIL,
    email_verified: FLAG,
    // For the first sign-in of people whose registration no trigger has seen.
    username: IDENTIFIER,
    name: NAME,
    given_name: NAME,
    family_name: NAME,
    created_at: TIME,
    updated_at: TIME,
    last_password_reset: TIME,
    enrolledFactors: FACTORS,
    multifactor: many(words(64)),
    identities: IDENTITIES,
  },
  custom_domain: { domain: NAME },
  prompt: { id: IDENTIFIER },
};

// What goes first when the whole is still too long: what an attacker sizes, before what we decide by. Protected roles stay.
const SHED_ORDER = [
  ['transaction', 'requested_scopes'],
  ['transaction', 'acr_values'],
  ['refresh_token', 'device'],
  ['session', 'device'],
  ['user', 'identities'],
  ['authorization', 'roles'],
  ['authentication', 'riskAssessment'],
  ['authentication', 'methods'],
  ['user', 'enrolledFactors'],
  ['user', 'multifactor'],
];

const POST_LOGIN = {
  trigger: 'post-login',
  fields: EVENT_FIELDS,
  shed: SHED_ORDER,
  beside: (event, config) => ({ device_posture: postureOf(event, config) }),
};

// The body of the request for a sign-in.
function requestBody(event, config, deadlineMs) {
  return writeRequest(event, config, deadlineMs, POST_LOGIN);
}

module.exports = { requestBody, EVENT_FIELDS, POST_LOGIN };
