'use strict';

const { CONFIG } = require('./config-pre-user-registration');
const { dig, boundedText, isAllowed, attempt } = require('./values');
const { signUpFields, SIGN_UP_SHED } = require('./sign-up-fields');
const { makeMetadata } = require('./annotate');
const { plainVerdict, denialText } = require('./plain');
const { decide } = require('./decide');

// What a person may read, and what the application and the tenant's log read. Neither says why: a reason coaches.
const SIGN_UP_MESSAGE = 'This sign-up could not be completed. Please contact support.';
const SIGN_UP_REASON = 'sign_up_refused';

// Why: Auth0 takes no metadata for users of passwordless connections here.
function takesMetadata(event) {
  return !['sms', 'email'].includes(dig(event, 'connection', 'strategy'));
}

function makeSignUpMark(args, context) {
  return takesMetadata(context.event) ? makeMetadata(args, context) : null;
}

function makeSignUpDenial([reason, message], { api }) {
  return () => api.access.deny(denialText(reason, SIGN_UP_REASON), denialText(message, SIGN_UP_MESSAGE));
}

function makeValidationError([code, message], { api }) {
  if (typeof code !== 'string' || !/^[A-Za-z0-9_.-]{1,64}$/.test(code)) return null;
  return () => api.validation.error(code, denialText(message, SIGN_UP_MESSAGE));
}

// Notes a time beside the mark, best effort.
function noteSignUp(event, api, config, name, now) {
  if (!isAllowed(config, 'app_metadata') || !takesMetadata(event)) return;
  const at = { [name]: new Date(now).toISOString() };
  attempt(() => api.user.setAppMetadata(`${boundedText(config.mark_key, 64)}_last`, at));
}

function applySignUpFallback(event, api, config, cause, now) {
  const deny = () => api.access.deny(SIGN_UP_REASON, SIGN_UP_MESSAGE);
  if (plainVerdict(event, config, cause) === 'deny' && attempt(deny)) return 'deny';
  noteSignUp(event, api, config, 'fallback_at', now);
  return 'allow';
}

const SIGN_UP = {
  trigger: 'pre-user-registration',
  fields: signUpFields,
  shed: SIGN_UP_SHED,
  effects: {
    'user.setAppMetadata': { rank: 1, ceiling: 'app_metadata', make: makeSignUpMark },
    'validation.error': { rank: 2, ceiling: 'validation', make: makeValidationError, isDenial: true },
    'access.deny': { rank: 3, ceiling: 'deny', make: makeSignUpDenial, isDenial: true },
  },
  harmless: { user: 'setAppMetadata' },
  applyFallback: applySignUpFallback,
  exempt: (event, api, config, now) => noteSignUp(event, api, config, 'exempt_at', now),
  onFault: (api, config) => applySignUpFallback({}, api, config, 'internal', Date.now()),
};

// Runs before a user of a database or passwordless connection is created.
exports.onExecutePreUserRegistration = async (event, api) => {
  await decide(event, api, CONFIG, SIGN_UP);
};
