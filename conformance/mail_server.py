"""A mail server that others wrote (aiosmtpd), on a free port of this machine: `mail_server.py starttls|implicit CERT KEY`.

It demands TLS and a sign-in, takes letters to everybody but `nobody@…`, and prints each as a line of JSON as Python's own parser reads it.
"""

import email
import email.policy
import json
import socket
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

MODE, CERT, KEY = sys.argv[1:]


def say(value):
    print(json.dumps(value), flush=True)


def sign_in(server, session, envelope, mechanism, login):
    ok = isinstance(login, LoginPassword) and (login.login, login.password) == (b"countersign", b"letters")
    return AuthResult(success=ok, handled=False, auth_data=login.login.decode() if ok else None)


class Letters:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = list(letter.iter_parts())
        say(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "user": session.auth_data,
                "is_tls": session.ssl is not None or MODE == "implicit",
                "headers": list(letter.keys()),
                "subject": letter["Subject"],
                "defects": [str(defect) for part in [letter, *parts] for defect in part.defects],
                "parts": [part.get_content_type() for part in parts],
                "plain": parts[0].get_content(),
                "html": parts[1].get_content(),
            }
        )
        return "250 OK"


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERT, KEY)
settings = {"authenticator": sign_in, "auth_required": True}
if MODE == "starttls":
    settings |= {"tls_context": context, "require_starttls": True}
else:
    settings |= {"ssl_context": context, "auth_require_tls": False}
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
controller = Controller(Letters(), hostname="127.0.0.1", port=port, ready_timeout=30, **settings)
controller.start()
say({"port": port})
while True:
    time.sleep(3600)
