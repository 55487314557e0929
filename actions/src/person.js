'use strict';

const { dig, listOf } = require('./values');

// Strategies of connections whose credentials Auth0 keeps. The service reads them alike.
const HOME_STRATEGIES = ['auth0', 'sms', 'email'];

// Whether another identity provider vouches for the person. Why not for an unreadable strategy: it buys no milder row.
function isFederated(event) {
  const strategy = dig(event, 'connection', 'strategy');
  return typeof strategy === 'string' && strategy !== '' && !HOME_STRATEGIES.includes(strategy);
}

// A test for the names of protected roles, in any case of letters.
function protectedRoleTest(config) {
  const wanted = listOf(dig(config, 'fallback', 'protected_roles')).map((role) => String(role).toLowerCase());
  return (role) => typeof role === 'string' && wanted.includes(role.toLowerCase());
}

function isProtected(event, config) {
  const roles = dig(event, 'authorization', 'roles');
  const held = typeof roles === 'string' ? [roles] : listOf(roles);
  return held.some(protectedRoleTest(config));
}

module.exports = { isFederated, isProtected, protectedRoleTest };
