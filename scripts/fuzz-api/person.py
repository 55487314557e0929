"""A person of the sandbox tenant, who signs in at the service as by a browser: `make` writes the configuration for it, `sign-in` prints the session."""

import html
import json
import os
import re
import sys
from pathlib import Path

import requests

PATIENCE = 10
PERSON = {"username": "pat@example.com", "password": "a good Passw0rd!"}
CALLBACK = f"{os.environ['FUZZ_SERVICE']}/sign-in/callback"


def make(tenant, folder):
    """Makes the console's application and the person at the tenant; into the folder goes what a service and an administrator need of them."""
    client = {"client_id": os.environ["SANDBOX_CLIENT_ID"], "client_secret": os.environ["SANDBOX_CLIENT_SECRET"]}
    asked = {"grant_type": "client_credentials", "audience": f"{tenant}/api/v2/"} | client
    api = requests.Session()
    api.headers["authorization"] = "Bearer " + answer(requests.post(f"{tenant}/oauth/token", json=asked, timeout=PATIENCE))["access_token"]

    def post(what, body):
        return answer(api.post(f"{tenant}/api/v2/{what}", json=body, timeout=PATIENCE))

    console = post("clients", {
        "name": "Console", "app_type": "regular_web", "callbacks": [CALLBACK], "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "client_secret_basic",
    })
    post("connections", {"name": "people", "strategy": "auth0", "enabled_clients": [console["client_id"]]})
    person = {"connection": "people", "email": PERSON["username"], "password": PERSON["password"], "name": "Pat"}
    (folder / "subject").write_text(post("users", person)["user_id"])
    secret = folder / "console-secret"
    secret.write_text(console["client_secret"])
    oidc = {"issuer": f"{tenant}/", "client_id": console["client_id"], "client_secret": f"file:{secret}"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in oidc.items()]
    (folder / "countersign.toml").write_text("\n".join(["[access.oidc]", *lines, ""]))


def answer(response):
    response.raise_for_status()
    return response.json()


def sign_in():
    """Goes where it is sent and fills in the login page."""
    browser = requests.Session()
    page = browser.get(f"{os.environ['FUZZ_SERVICE']}/sign-in/start", timeout=PATIENCE)
    form = re.search(r"<form.*?</form>", page.text, re.DOTALL)[0]
    fields = {html.unescape(name): html.unescape(value) for name, value in re.findall(r'name="([^"]*)" value="([^"]*)"', form)}
    to = requests.compat.urljoin(page.url, html.unescape(re.search(r'action="([^"]*)"', form)[1]))
    browser.post(to, data=fields | PERSON, timeout=PATIENCE).raise_for_status()
    print(browser.cookies["countersign_session"])


if sys.argv[1] == "make":
    make(os.environ["SANDBOX"], Path(sys.argv[2]))
else:
    sign_in()
