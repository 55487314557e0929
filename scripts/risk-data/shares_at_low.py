#!/usr/bin/env python3
"""Says how many sign-ins of a labeled corpus score below a threshold: who could skip MFA, and who would not be asked.

    shares_at_low.py [--below 0.3] CORPUS=DECISIONS...

CORPUS is a folder whose `labels.jsonl` has a line for each sign-in: `id`, `label` (1: an attack), `attacker`, `eval`
(false: not counted) and `refresh` (true: a token is exchanged, and nobody can be asked for a factor). DECISIONS is what
`countersign bench risk` wrote of it. With several, the range follows the first. Standard library only.
"""
import argparse
import json
import os
from collections import Counter


def count(labels, decisions, below):
    """How many there are of each kind, and how many of them score below."""
    scores = {}
    for line in decisions:
        decision = json.loads(line)
        scores[decision["id"]] = decision["score"]
    all_of, low = Counter(), Counter()
    for line in labels:
        row = json.loads(line)
        if not row["eval"]:
            continue
        who = "attack" if row["label"] else "honest"
        kinds = [who, who + (", token" if row["refresh"] else ", not a token")]
        if row["label"]:
            kinds.append("attack: " + row["attacker"])
        for kind in kinds:
            all_of[kind] += 1
            low[kind] += scores[row["id"]] < below
    return all_of, low


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--below", type=float, default=0.3)
    parser.add_argument("corpus", nargs="+", help="CORPUS=DECISIONS")
    args = parser.parse_args()
    counts = []
    for pair in args.corpus:
        data, _, decided = pair.partition("=")
        with open(os.path.join(data, "labels.jsonl")) as labels, open(decided) as decisions:
            counts.append(count(labels, decisions, args.below))
    for kind in sorted(counts[0][0]):
        shares = [100 * low[kind] / all_of[kind] for all_of, low in counts if all_of[kind]]
        first, (all_of, low) = shares[0], counts[0]
        print(f"{kind}: {low[kind]} of {all_of[kind]}, {first:.2f} % ({min(shares):.2f} to {max(shares):.2f})")


if __name__ == "__main__":
    main()
