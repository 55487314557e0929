// How Auth0 ends a transaction after one Action: what was asked for, against what the person can do.
import { listOf } from './checks.mjs';

// Nobody is there to be asked: a back channel, or a sign-in that may show nothing.
export function isHeadless(event) {
  const protocol = String(event.transaction?.protocol ?? '');
  const isBackChannel = /oauth2-(refresh-token|password|token-exchange|resource-owner)/.test(protocol);
  return isBackChannel || listOf(event.transaction?.prompt).includes('none');
}

// The factors of one step that Auth0 would really offer. A factor passed or not enrolled is ignored.
function offered(step, event) {
  const enrolled = listOf(event.user?.enrolledFactors).map((factor) => factor?.type);
  const passed = listOf(event.authentication?.methods).filter((method) => method?.name === 'mfa').map((method) => method.type);
  if (step.kind === 'enroll') return step.types.filter((type) => !enrolled.includes(type));
  return step.types.filter((type) => enrolled.includes(type) && !passed.includes(type));
}

export function conclude(state, event, trigger) {
  const end = (decision, more) => ({ decision, denied: null, challenge: [], ...more });
  const failed = (reason) => end('deny', { denied: { reason, transaction_failed: true } });
  if (state.denied !== null) return end('deny', { denied: state.denied });
  if (trigger === 'custom-token-exchange' && state.exchange.user === null) return failed('no user was set');
  const isSuspended = state.steps.length > 0 || state.redirect !== null || state.form !== null;
  if (isSuspended && isHeadless(event)) return failed('nobody can be asked in this flow');
  if (state.redirect !== null) return end('redirect');
  if (state.form !== null) return end('prompt');
  let decision = 'allow';
  const types = new Set();
  for (const step of state.steps) {
    const left = offered(step, event);
    const mustEnroll = step.kind === 'enroll' || (step.kind === 'policy' && listOf(event.user?.enrolledFactors).length === 0);
    if (left.length === 0 && step.kind !== 'policy') return failed(`no factor to ${step.kind} remains`);
    if (decision !== 'challenge' && (left.length > 0 || mustEnroll)) decision = mustEnroll ? 'enroll' : 'challenge';
    left.forEach((type) => types.add(type));
  }
  return end(decision, { challenge: [...types].map((type) => ({ type })) });
}
