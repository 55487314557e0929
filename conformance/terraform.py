"""Parses a Terraform configuration and holds its names to those that the provider `auth0/auth0` documents.

`terraform-names.json` has, of what we use, the names of resources, blocks and arguments, from the provider's documentation
(docs/resources). What is required is listed apart. Prints the order of each trigger's Actions.
"""

import json
import pathlib
import re
import sys

import hcl2

NAMES = json.loads(pathlib.Path(__file__).with_name("terraform-names.json").read_text())
wrong = []


def plain(key):
    return key.strip('"') if isinstance(key, str) else key


def check(where, given, known):
    """Holds a body to a table; a block is a table below `blocks`."""
    arguments, blocks = known.get("arguments", []), known.get("blocks", {})
    for name, value in given.items():
        if name.startswith("__"):
            continue
        if name in blocks:
            if not isinstance(value, list):
                wrong.append(f"{where}.{name} is a block, not an argument")
                continue
            for block in value:
                check(f"{where}.{name}", block, blocks[name])
            most = blocks[name].get("most")
            if most and len(value) > most:
                wrong.append(f"{where}.{name} stands {len(value)} times, and may {most} times")
        elif name not in arguments:
            wrong.append(f"{where} has no argument or block {name}")
    for name in known.get("required", []):
        if name not in given:
            wrong.append(f"{where} lacks {name}")


def each(document, kind):
    for block in document.get(kind, []):
        for label, body in block.items():
            yield plain(label), body


path = pathlib.Path(sys.argv[1])
document = hcl2.loads(path.read_text())
variables = {name for name, _ in each(document, "variable")}
made, orders = set(), {}
for kind, labelled in each(document, "resource"):
    for label, body in labelled.items():
        label = plain(label)
        if label.startswith("__"):
            continue
        if (kind, label) in made:
            wrong.append(f"{kind}.{label} stands twice")
        made.add((kind, label))
        if kind not in NAMES:
            wrong.append(f"there is no resource {kind}")
            continue
        check(f"{kind}.{label}", body, NAMES[kind])
        if kind == "auth0_trigger_actions":
            orders[plain(body["trigger"])] = [plain(action["display_name"]) for action in body["actions"]]


def references(value):
    """The expressions of a body, wherever they stand."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)
    elif isinstance(value, str) and "${" in value.replace("$${", ""):
        yield value


for kind, labelled in each(document, "resource"):
    for label, body in labelled.items():
        for expression in references(body):
            inner = expression.split("${", 1)[1].split("}", 1)[0].strip()
            parts = inner.split(".")
            if parts[0] == "var" and parts[1] not in variables:
                wrong.append(f"{kind}.{plain(label)}: no variable {parts[1]}")
            if parts[0].startswith("auth0_") and (parts[0], parts[1]) not in made:
                wrong.append(f"{kind}.{plain(label)}: no resource {parts[0]}.{parts[1]}")
for code in re.findall(r'file\("\$\{path\.module\}/([^"]+)"\)', path.read_text()):
    if not (path.parent / code).is_file():
        wrong.append(f"there is no file {code}")
for settings in document.get("terraform", []):
    for providers in settings.get("required_providers", []):
        source = plain(providers.get("auth0", {}).get("source", ""))
        if source != "auth0/auth0":
            wrong.append(f"the provider is {source}")
if not document.get("terraform"):
    wrong.append("no provider is named, so that Terraform looks for hashicorp/auth0")
if wrong:
    sys.exit("\n".join(wrong))
print(json.dumps({"orders": orders, "resources": len(made)}))
