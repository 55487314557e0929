'use strict';

const { CONFIG } = require('./config-guard-send-phone-message');
const { words, IDENTIFIER, EMAIL, NAME, TIME, FLAG, IDENTITIES, CLIENT, REQUEST } = require('./request');
const { denialText } = require('./plain');
const { runGuard, GUARD_REFUSED } = require('./guard');

const MESSAGE = {
  trigger: 'send-phone-message',
  // The allow-list: what is not named here is never sent. Of the message its kind and nothing else.
  fields: {
    tenant: { id: IDENTIFIER },
    request: REQUEST,
    client: CLIENT,
    message_options: { action: words(64), message_type: words(32) },
    security_context: { ja3: words(128), ja4: words(128) },
    transaction: { id: IDENTIFIER, correlation_id: words(128) },
    user: {
      user_id: IDENTIFIER,
      email: EMAIL,
      email_verified: FLAG,
      created_at: TIME,
      updated_at: TIME,
      last_password_reset: TIME,
      identities: IDENTITIES,
    },
    custom_domain: { domain: NAME },
  },
  shed: [['user', 'identities']],
  effects: { 'guard.refuse': { rank: 3, ceiling: 'refuse', make: makeMessageRefusal, isDenial: true } },
};

function makeMessageRefusal([reason], { api }) {
  return () => api.guard.refuse('invalid_request', denialText(reason, GUARD_REFUSED));
}

// Says whether a message may be sent. It calls nothing of the platform: not sending is up to the Action that asks.
exports.guard = async (event, api) => runGuard(event, api, CONFIG, MESSAGE, () => undefined);
