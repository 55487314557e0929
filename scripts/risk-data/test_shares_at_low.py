"""A few invented sign-ins through shares_at_low.py."""

import io
import json
import os
import sys
import tempfile
import unittest
from contextlib import redirect_stdout
from unittest import mock

import shares_at_low


def row(id, score, attacker=None, refresh=False, counts=True):
    """A label and a decision, as lines."""
    label = {"id": id, "label": int(attacker is not None), "attacker": attacker, "eval": counts, "refresh": refresh}
    return json.dumps(label) + "\n", json.dumps({"id": id, "score": score}) + "\n"


ROWS = [
    row("a", 0.02), row("b", 0.2999), row("c", 0.3), row("d", 0.1, refresh=True),
    row("e", 0.1, "vpn"), row("f", 0.95, "vpn"), row("g", 0.2, "replay", refresh=True),
    row("h", 0.9, counts=False), row("i", 0.9, "vpn", counts=False),
]


class Shares(unittest.TestCase):
    def count(self, below):
        return shares_at_low.count(*zip(*ROWS), below)

    def test_the_threshold_itself_is_not_below_and_warming_up_is_not_counted(self):
        all_of, low = self.count(0.3)
        self.assertEqual((all_of["honest"], low["honest"]), (4, 3))
        self.assertEqual((all_of["honest, not a token"], low["honest, not a token"]), (3, 2))
        self.assertEqual((all_of["attack"], low["attack"]), (3, 2))
        self.assertEqual((all_of["attack: vpn"], low["attack: vpn"]), (2, 1))
        self.assertEqual((all_of["attack, token"], low["attack, token"]), (1, 1))

    def test_another_threshold_is_heeded(self):
        self.assertEqual(self.count(0.1)[1]["honest"], 1)
        self.assertEqual(self.count(0.1)[1]["attack"], 0)

    def test_a_sign_in_that_nobody_decided_about_is_an_error(self):
        labels, _ = zip(*ROWS)
        self.assertRaises(KeyError, shares_at_low.count, labels, [], 0.3)

    def test_the_command_says_the_share_and_the_range(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in zip(("labels.jsonl", "out.jsonl"), zip(*ROWS)):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write("".join(text))
            pair = folder + "=" + os.path.join(folder, "out.jsonl")
            said = io.StringIO()
            with redirect_stdout(said), mock.patch.object(sys, "argv", ["shares_at_low.py", pair, pair]):
                shares_at_low.main()
        self.assertIn("honest: 3 of 4, 75.00 % (75.00 to 75.00)\n", said.getvalue())
        self.assertIn("attack: vpn: 1 of 2, 50.00 % (50.00 to 50.00)\n", said.getvalue())


if __name__ == "__main__":
    unittest.main()
