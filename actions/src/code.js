'use strict';

// SHA-256 of this file without CONFIG and with zeros here, sent with each request so that a decision names the code that
// asked for it. The build writes it.
const CODE = '0000000000000000000000000000000000000000000000000000000000000000';

module.exports = { CODE };
