'use strict';

const { dig } = require('./values');
const { words, many, IDENTIFIER, EMAIL, PHONE, NAME, TIME, FLAG, SCOPES, CLIENT, CONNECTION, REQUEST } = require('./request');

// What both registration triggers may tell. Names are in it because how a name fits an address tells people from scripts.
const SIGN_UP_FIELDS = {
  tenant: { id: IDENTIFIER },
  request: REQUEST,
  client: CLIENT,
  connection: CONNECTION,
  security_context: { ja3: words(128), ja4: words(128) },
  transaction: {
    id: IDENTIFIER,
    acr_values: many(words(128)),
    locale: words(64),
    prompt: many(words(64), 8),
    protocol: words(64),
    requested_scopes: SCOPES,
    ui_locales: many(words(64), 8),
    correlation_id: words(128),
  },
  user: {
    user_id: IDENTIFIER,
    email: EMAIL,
    email_verified: FLAG,
    username: IDENTIFIER,
    name: NAME,
    given_name: NAME,
    family_name: NAME,
    created_at: TIME,
    updated_at: TIME,
  },
  custom_domain: { domain: NAME },
};

// Who signs up by text message has no name but the number. Without it all of them would be one person.
const SMS_SIGN_UP_FIELDS = { ...SIGN_UP_FIELDS, user: { ...SIGN_UP_FIELDS.user, phone_number: PHONE } };

// What a registration tells: the phone number in a passwordless one by text message that has no e-mail address, else never.
function signUpFields(event) {
  const isNamedByPhone = dig(event, 'connection', 'strategy') === 'sms' && !dig(event, 'user', 'email');
  return isNamedByPhone ? SMS_SIGN_UP_FIELDS : SIGN_UP_FIELDS;
}

const SIGN_UP_SHED = [
  ['transaction', 'requested_scopes'],
  ['transaction', 'acr_values'],
  ['transaction', 'ui_locales'],
];

module.exports = { signUpFields, SIGN_UP_SHED };
