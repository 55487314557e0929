"""Asks about the tenant that there is, and signs what an Action signs (docs/api.md, "Signatures"), over the bytes that are sent."""

import base64
import hashlib
import hmac
import os
import time
import uuid

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation

KEY = base64.b64decode(os.environ["FUZZ_ACTION_KEY"].removeprefix("whsec_"))
KNOWN = {"tenant": "acme", "stream": "acme", "token": os.environ["FUZZ_RISK_TOKEN"]}


class Signature(requests.auth.AuthBase):
    def __call__(self, request):
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        name, at = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
        tag = hmac.digest(KEY, f"{name}.{at}.".encode() + body, hashlib.sha256)
        request.headers["webhook-id"] = name
        request.headers["webhook-timestamp"] = at
        request.headers["webhook-signature"] = "v1," + base64.b64encode(tag).decode()
        return request


def is_wrong(case, location, name):
    """Whether what stands there was made up to be wrong, and so is sent as it is."""
    if case.meta is None or not case.meta.is_negative_at(location):
        return False
    return getattr(case.meta.phase.data, "parameter", None) in (None, name)


def name_tenant(body):
    """Where a body names the tenant, it is the one that there is."""
    event = body.get("event") if isinstance(body, dict) else None
    if isinstance(event, dict) and isinstance(event.get("tenant"), dict):
        event["tenant"]["id"] = KNOWN["tenant"]
    for message in (body, event.get("message") if isinstance(event, dict) else None):
        if isinstance(message, dict) and str(message.get("source", "")).startswith("urn:auth0:"):
            message["source"] = f"urn:auth0:{KNOWN['tenant']}.us"


@schemathesis.hook
def before_call(context, case, kwargs):
    for name, value in KNOWN.items():
        if name in case.path_parameters and not is_wrong(case, ParameterLocation.PATH, name):
            case.path_parameters[name] = value
    if "tenant" in case.query and not is_wrong(case, ParameterLocation.QUERY, "tenant"):
        case.query["tenant"] = KNOWN["tenant"]
    name = "countersign-tenant"
    if name in case.headers and not is_wrong(case, ParameterLocation.HEADER, name):
        case.headers[name] = KNOWN["tenant"]
    operation = case.operation.definition.raw["operationId"]
    if operation in ("decide", "deliver_event") and not is_wrong(case, ParameterLocation.BODY, None):
        name_tenant(case.body)
    if operation == "decide" and (case.meta is None or not case.meta.is_negative_at(ParameterLocation.HEADER)):
        kwargs["auth"] = Signature()
