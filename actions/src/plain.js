'use strict';

const { dig, listOf, oneOf, isAllowed, boundedText } = require('./values');
const { isContained } = require('./contained');
const { isEnforcing } = require('./reach');

// For triggers at which nobody can be asked: a transaction is allowed or denied.
const PLAIN_VERDICTS = ['allow', 'deny'];

function isProtectedAudience(event, config) {
  const audience = dig(event, 'resource_server', 'identifier');
  return typeof audience === 'string' && listOf(dig(config, 'fallback', 'protected_audiences')).includes(audience);
}

// What to do without an answer, the strictest row that matches; `ceiling` is the kind that a denial here counts as. Pure;
// the table is in the README.
function plainVerdict(event, config, cause, ceiling = 'deny') {
  if (!isEnforcing(config) || !isAllowed(config, ceiling)) return 'allow';
  const row = (name, otherwise) => oneOf(dig(config, 'fallback', name), PLAIN_VERDICTS, otherwise);
  const rows = [row('default', 'allow')];
  if (cause === 'refused') rows.push(oneOf(config.on_reject, PLAIN_VERDICTS, 'allow'));
  // Why: the service demanded more than the platform took, and what it demanded is not dropped.
  if (cause === 'effect_failed') rows.push('deny');
  if (isProtectedAudience(event, config)) rows.push(row('protected', 'deny'));
  if (isContained(event, config)) rows.push(row('contained', 'deny'));
  return rows.includes('deny') ? 'deny' : 'allow';
}

// A text for a denial: the given one, bounded, or the other when there is none.
function denialText(given, otherwise) {
  return typeof given === 'string' && given !== '' ? boundedText(given, 256) : otherwise;
}

module.exports = { plainVerdict, denialText };
