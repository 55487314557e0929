#!/usr/bin/env python3
"""Turns the public "Login Data Set for Risk-Based Authentication" into a stream of events that a risk model can be scored on.

    convert_rba.py rba-dataset.csv --out DIR [--one-user-in 100] [--warmup-days 30] [--attack-addresses]

The data set (Wiefling, Jørgensen, Thunem, Lo Iacono, doi 10.1145/3546069; CC BY 4.0, https://github.com/das-group/rba-dataset)
is not part of this repository. Its values are artificial; name its authors where you publish figures.

Written are `events.jsonl` (`{"id", "time", "kind", "event"}`: a success as Auth0's post-login event, a failure as an `fp` entry
of Auth0's log), `labels.jsonl`, and empty lists of networks (`asn_intel.csv`, `prefixes.csv`), which the data set does not have.
What Auth0's event has no field for, the round-trip time, is left out. Standard library only; reads the file twice.
"""

import argparse
import csv
import datetime
import hashlib
import json
import os
import sys

NEEDED = ("Login Timestamp", "User ID", "IP Address", "Country", "Region", "City", "ASN", "User Agent String",
          "Login Successful", "Is Attack IP", "Is Account Takeover")
DAY = datetime.timedelta(days=1)
# Days between two sign-ins up to which somebody comes so often.
OFTEN = ((1.5, "daily"), (4.0, "several_days"), (9.0, "weekly"), (31.0, "several_weeks"))


class Wrong(Exception):
    """The file is not the data set: says where."""


def rows(path):
    """The rows as dictionaries with the line, the time and the three truths read."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
        if missing:
            raise Wrong("%s has no column %s" % (path, ", ".join(repr(name) for name in missing)))
        before = None
        for row in reader:
            where = "%s, line %d" % (path, reader.line_num)
            row["time"] = moment(row["Login Timestamp"], where)
            if before is not None and row["time"] < before:
                raise Wrong("%s: earlier than the line before; sort the file by `Login Timestamp` first" % where)
            before = row["time"]
            for name in ("Login Successful", "Is Attack IP", "Is Account Takeover"):
                row[name] = truth(row[name], "%s: `%s`" % (where, name))
            yield row


def moment(text, where):
    """A time of the data set, which is UTC: `2020-02-03 12:43:30.772`, or milliseconds since 1970."""
    try:
        if text.isdigit():
            return datetime.datetime.fromtimestamp(int(text) / 1000, datetime.timezone.utc)
        return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    except (ValueError, OverflowError):
        raise Wrong("%s: %r is no time" % (where, text)) from None


def truth(text, where):
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    raise Wrong("%s: %r is neither True nor False" % (where, text))


def said(text):
    """What a field says; None where the data set has a dash or nothing."""
    text = (text or "").strip()
    return text if text not in ("", "-") else None


def is_sampled(user, one_in):
    """Whether a user is of the sample: always all of somebody's rows, or none."""
    return int.from_bytes(hashlib.sha256(user.encode()).digest()[:8], "big") % one_in == 0


def frequency(times, first, last):
    """How often somebody signs in, in the words of the bench; who came once is of the rarest."""
    if times > 1:
        gap = (last - first) / DAY / (times - 1)
        for most, name in OFTEN:
            if gap <= most:
                return name
    return "less_than_monthly"


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (time.microsecond // 1000)


def user_of(row):
    return "auth0|%016x" % (int(row["User ID"]) & 0xFFFFFFFFFFFFFFFF)


def success(row, user, count):
    """Auth0's post-login event of a row."""
    place = {"countryCode": said(row["Country"]), "subdivisionName": said(row["Region"]), "cityName": said(row["City"])}
    request = {"ip": row["IP Address"], "method": "POST", "hostname": "login.tenant.example", "query": {}, "body": {},
               "geoip": {name: value for name, value in place.items() if value}}
    for name, column in (("user_agent", "User Agent String"), ("asn", "ASN")):
        if said(row[column]):
            request[name] = said(row[column])
    at, connection = stamp(row["time"]), "Username-Password-Authentication"
    return {
        "user": {"user_id": user, "email": user[6:] + "@data-set.example", "email_verified": True, "name": user[6:],
                 "created_at": at, "updated_at": at, "app_metadata": {}, "user_metadata": {}, "multifactor": [],
                 "enrolledFactors": [],
                 "identities": [{"provider": "auth0", "connection": connection, "user_id": user[6:], "isSocial": False}]},
        "request": request,
        "connection": {"id": "con_data_set", "name": connection, "strategy": "auth0"},
        "client": {"client_id": "data_set", "name": "Data set", "metadata": {}},
        "authentication": {"methods": [{"name": "pwd", "timestamp": at}]},
        "authorization": {"roles": []},
        "stats": {"logins_count": count + 1},
        "tenant": {"id": "data-set"},
        "transaction": {"protocol": "oidc-basic-profile", "requested_scopes": ["openid"]},
    }


def failure(row, user, number):
    """An entry of Auth0's log of a row."""
    data = {"date": stamp(row["time"]), "type": "fp", "description": "Wrong email or password.", "client_id": "data_set",
            "connection": "Username-Password-Authentication", "ip": row["IP Address"], "user_id": user,
            "user_name": user[6:] + "@data-set.example", "user_agent": said(row["User Agent String"]) or "",
            "tenant_name": "data-set"}
    return {"log_id": "9%022d" % number, "data": data}


def label(row, user, key, begun, options, history, often):
    """The truth of a success. From a known attacker's address, but not confirmed, nobody knows: it is not evaluated."""
    is_doubtful = row["Is Attack IP"] and not row["Is Account Takeover"]
    kind = "takeover" if row["Is Account Takeover"] else "address" if is_doubtful and options.attack_addresses else None
    is_late = row["time"] >= begun + options.warmup_days * DAY
    return {"id": key, "time": stamp(row["time"]), "label": int(kind is not None), "attacker": kind, "campaign": None,
            "eval": is_late and (kind is not None or not is_doubtful), "user_id": user, "org_id": None, "freq": often,
            "history": history, "new_user": history == 0, "where": None, "refresh": False,
            "outcome": {"login": "success", "mfa": "none", "reported": False}}


def convert(path, out, options):
    """Writes the folder; returns how many successes, failures and evaluated attacks it holds."""
    spans = {}
    for row in rows(path):
        user = row["User ID"]
        if row["Login Successful"] and is_sampled(user, options.one_user_in):
            times, first, _ = spans.get(user, (0, row["time"], None))
            spans[user] = (times + 1, first, row["time"])
    often = {user: frequency(*span) for user, span in spans.items()}
    os.makedirs(out, exist_ok=True)
    for name, head in (("asn_intel.csv", "asn,name,category"), ("prefixes.csv", "prefix,asn,country,city,latitude,longitude")):
        with open(os.path.join(out, name), "w", encoding="utf-8") as file:
            file.write(head + "\n")
    counts, seen, begun = {"successes": 0, "failures": 0, "attacks": 0}, {}, None
    with open(os.path.join(out, "events.jsonl"), "w", encoding="utf-8") as events, \
            open(os.path.join(out, "labels.jsonl"), "w", encoding="utf-8") as labels:
        for number, row in enumerate(rows(path)):
            begun = begun or row["time"]
            if not is_sampled(row["User ID"], options.one_user_in):
                continue
            user = user_of(row)
            if row["Login Successful"]:
                key, history = "pl-%08d" % number, seen.get(user, 0)
                line = {"id": key, "time": stamp(row["time"]), "kind": "post_login", "event": success(row, user, history)}
                told = label(row, user, key, begun, options, history, often[row["User ID"]])
                labels.write(json.dumps(told) + "\n")
                seen[user] = history + 1
                counts["successes"] += 1
                counts["attacks"] += told["label"] and told["eval"]
            else:
                line = {"id": "lg-%08d" % number, "time": stamp(row["time"]), "kind": "log",
                        "event": failure(row, user, number)}
                counts["failures"] += 1
            events.write(json.dumps(line, separators=(",", ":")) + "\n")
    return counts


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", help="the data set's file")
    parser.add_argument("--out", required=True, help="the folder to write")
    parser.add_argument("--one-user-in", type=int, default=1, help="take one user of so many, with all of their rows")
    parser.add_argument("--warmup-days", type=int, default=30, help="days that are history and are not evaluated")
    parser.add_argument("--attack-addresses", action="store_true",
                        help="take successes from known attackers' addresses for attacks too, not for unknown")
    options = parser.parse_args(words)
    if options.one_user_in < 1 or options.warmup_days < 0:
        parser.error("--one-user-in is at least 1 and --warmup-days at least 0")
    try:
        counts = convert(options.csv, options.out, options)
    except (OSError, Wrong) as error:
        sys.exit(str(error))
    print("%(successes)d sign-ins, %(failures)d failures, %(attacks)d evaluated attacks" % counts)


if __name__ == "__main__":
    main()
