// One row for each built file: how it is run, what it may call, and what its own table says of an event.
import { fixture, loadAction, loadShipped, run } from './action.mjs';

export const contained = (event) => {
  event.user.app_metadata = { ...event.user.app_metadata, countersign: { contained: true } };
};
const asAdmin = (event) => {
  event.authorization.roles = ['admin'];
};
const AUDIENCE = 'https://api.example.com/';
const PROTECTED_AUDIENCE = ['protected_audiences: []', `protected_audiences: ['${AUDIENCE}']`];
const DENY_ON_REJECT = ["on_reject: 'allow'", "on_reject: 'deny'"];

// `cases`: what is edited in the event, in the configuration, and what the local table says while the service is away.
// `rejected`: the verdict when the service refuses the request, with the edits that `strict` lists.
// `denial`: an effect that ends the transaction, if there is one; `barriers`: all calls that change a transaction.
export const FLOWS = {
  'post-login': {
    handler: 'onExecutePostLogin',
    cases: [[() => undefined, [], 'allow'], [contained, [], 'deny'], [asAdmin, [], 'challenge']],
    rejected: 'challenge',
    strict: [],
    denial: { call: 'access.deny', args: ['no'] },
    harmless: ['idToken.setCustomClaim', 'accessToken.setCustomClaim', 'user.setAppMetadata', 'transaction.setMetadata'],
    barriers: ['access.deny', 'authentication.challengeWith', 'authentication.challengeWithAny', 'authentication.enrollWith', 'authentication.enrollWithAny', 'multifactor.enable', 'redirect.sendUserTo'],
  },
  'pre-user-registration': {
    handler: 'onExecutePreUserRegistration',
    cases: [[() => undefined, [], 'allow'], [contained, [], 'deny'], [() => undefined, [["default: 'allow'", "default: 'deny'"]], 'deny']],
    rejected: 'deny',
    strict: [DENY_ON_REJECT],
    denial: { call: 'access.deny', args: ['refused: dec_1', 'Please contact support.'] },
    harmless: ['user.setAppMetadata'],
    barriers: ['access.deny', 'validation.error'],
  },
  'post-user-registration': { handler: 'onExecutePostUserRegistration', isReport: true, cases: [[() => undefined, [], 'allow']], harmless: [], barriers: [] },
  'credentials-exchange': {
    handler: 'onExecuteCredentialsExchange',
    cases: [[() => undefined, [], 'allow'], [() => undefined, [PROTECTED_AUDIENCE], 'deny']],
    rejected: 'deny',
    strict: [DENY_ON_REJECT],
    denial: { call: 'access.deny', args: ['invalid_request', 'refused: dec_1'] },
    harmless: ['accessToken.setCustomClaim'],
    barriers: ['access.deny', 'transaction.removeTargetScope'],
  },
  'password-reset-post-challenge': {
    handler: 'onExecutePostChallenge',
    cases: [[() => undefined, [], 'allow'], [contained, [], 'deny'], [asAdmin, [], 'challenge']],
    rejected: 'challenge',
    strict: [],
    denial: { call: 'access.deny', args: ['no'] },
    harmless: [],
    barriers: ['access.deny', 'authentication.challengeWith', 'authentication.challengeWithAny', 'redirect.sendUserTo'],
  },
  'post-change-password': { handler: 'onExecutePostChangePassword', isReport: true, cases: [[() => undefined, [], 'allow']], harmless: [], barriers: [] },
  'guard-send-phone-message': {
    handler: 'onExecuteSendPhoneMessage',
    isGuard: true,
    cases: [[() => undefined, [], 'allow'], [contained, [], 'deny']],
    rejected: 'deny',
    strict: [DENY_ON_REJECT],
    denial: { call: 'guard.refuse', args: ['refused: dec_1'] },
    harmless: [],
    barriers: [],
  },
  'guard-custom-token-exchange': {
    handler: 'onExecuteCustomTokenExchange',
    isGuard: true,
    cases: [[() => undefined, [], 'allow'], [() => undefined, [PROTECTED_AUDIENCE], 'deny']],
    rejected: 'deny',
    strict: [DENY_ON_REJECT],
    denial: { call: 'access.deny', args: ['invalid_request', 'refused: dec_1'] },
    harmless: [],
    barriers: ['access.deny'],
  },
};

export const triggerOf = (name) => name.replace(/^guard-/, '');

// The event of a flow's fixture, edited.
export function eventOf(name, edit = () => undefined) {
  const event = fixture(triggerOf(name));
  edit(event);
  return event;
}

export const deadlineOf = (name, ms) => [FLOWS[name].isReport ? 'deadline_ms: 2000' : 'deadline_ms: 800', `deadline_ms: ${ms}`];

// A flow's Action or guard, with force where it has one.
export function loadFlow(name, edits = [], log = []) {
  return FLOWS[name].isReport ? loadShipped(edits, log, name) : loadAction(edits, log, name);
}

// Runs a flow and adds `verdict`: what a guard says, or how the transaction ends.
export async function runFlow(name, action, given) {
  const { handler, isGuard } = FLOWS[name];
  const result = await run(action, { event: eventOf(name), handler, ...given });
  return { ...result, verdict: isGuard ? (result.answer.allow ? 'allow' : 'deny') : result.decision };
}
