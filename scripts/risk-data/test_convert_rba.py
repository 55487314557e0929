"""A dozen invented rows through convert_rba.py."""

import io
import json
import os
import tempfile
import unittest
from contextlib import redirect_stdout

import convert_rba

HEAD = (",Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,"
        "Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover")
AGENT = "\"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0.3987 Safari/537.36\""
CHROME = AGENT + ",Chrome 80.0.3987,Windows 10,desktop"
HOME, HOTEL, DEN = "192.0.2.7,NO,Vestland,Bergen,64500", "198.51.100.4,SE,-,-,64501", "203.0.113.9,RO,-,Cluj,64666"
ROWS = [
    "2020-02-03 08:00:00.100,-4324475583306591935,31,%s,%s,True,False,False" % (HOME, CHROME),
    "2020-02-03 08:00:01.000,77,,%s,%s,False,True,False" % (DEN, CHROME),
    "2020-02-03 09:00:00.000,77,18,%s,%s,True,False,False" % (HOME, CHROME),
    "2020-02-04 08:00:00.000,-4324475583306591935,30,%s,%s,True,False,False" % (HOME, CHROME),
    "2020-02-05 08:00:00.000,-4324475583306591935,30,%s,%s,True,False,False" % (HOME, CHROME),
    "2020-02-05 08:30:00.000,88,30,%s,,,,,True,False,False" % HOTEL,
    "2020-02-06 08:00:00.000,-4324475583306591935,30,%s,%s,True,False,False" % (HOTEL, CHROME),
    "2020-02-10 10:00:00.000,77,22,%s,%s,True,False,False" % (HOME, CHROME),
    "2020-02-11 03:00:00.000,77,310,%s,%s,False,True,False" % (DEN, CHROME),
    "2020-02-11 03:00:09.000,77,311,%s,%s,True,True,True" % (DEN, CHROME),
    "2020-02-11 03:10:00.000,88,300,%s,%s,True,True,False" % (DEN, CHROME),
    "2020-02-17 10:00:00.000,77,19,%s,%s,True,False,False" % (HOME, CHROME),
]


class Convert(unittest.TestCase):
    def convert(self, rows, *words):
        """Events and labels of rows, by the command."""
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "rba.csv")
            with open(source, "w", encoding="utf-8") as file:
                file.write(HEAD + "\n" + "".join("%d,%s\n" % numbered for numbered in enumerate(rows)))
            with redirect_stdout(io.StringIO()):
                convert_rba.main([source, "--out", os.path.join(folder, "out"), *words])
            read = []
            for name in ("events.jsonl", "labels.jsonl"):
                with open(os.path.join(folder, "out", name), encoding="utf-8") as file:
                    read.append([json.loads(line) for line in file])
            return read

    def test_successes_become_events_and_failures_entries_of_the_log(self):
        events, labels = self.convert(ROWS)
        self.assertEqual([line["kind"] for line in events].count("log"), 2)
        self.assertEqual([line["id"] for line in events if line["kind"] == "post_login"], [line["id"] for line in labels])
        first = events[0]
        self.assertEqual(first["time"], "2020-02-03T08:00:00.100Z")
        request = first["event"]["request"]
        self.assertEqual(request["geoip"], {"countryCode": "NO", "subdivisionName": "Vestland", "cityName": "Bergen"})
        self.assertEqual((request["ip"], request["asn"]), ("192.0.2.7", "64500"))
        self.assertIn("Chrome/80", request["user_agent"])
        guessed = events[1]["event"]["data"]
        self.assertEqual((guessed["type"], guessed["ip"], guessed["user_id"]), ("fp", "203.0.113.9", events[2]["event"]["user"]["user_id"]))

    def test_what_the_data_set_does_not_tell_is_absent(self):
        events, _ = self.convert(ROWS)
        unknown = events[5]["event"]["request"]
        self.assertNotIn("user_agent", unknown)
        self.assertEqual(unknown["geoip"], {"countryCode": "SE"})
        self.assertNotIn("security_context", events[0]["event"])

    def test_a_takeover_is_an_attack_and_an_attackers_address_alone_is_unknown(self):
        _, labels = self.convert(ROWS, "--warmup-days", "2")
        self.assertEqual([(line["label"], line["eval"]) for line in labels],
                         [(0, False)] * 4 + [(0, True)] * 3 + [(1, True), (0, False), (0, True)])
        self.assertEqual(labels[7]["attacker"], "takeover")
        _, labels = self.convert(ROWS, "--warmup-days", "2", "--attack-addresses")
        self.assertEqual((labels[8]["attacker"], labels[8]["eval"]), ("address", True))

    def test_history_counts_earlier_sign_ins_and_frequency_is_of_the_whole_span(self):
        _, labels = self.convert(ROWS)
        self.assertEqual([line["history"] for line in labels], [0, 0, 1, 2, 0, 3, 1, 2, 1, 3])
        self.assertEqual((labels[0]["freq"], labels[1]["freq"], labels[4]["freq"]), ("daily", "weekly", "weekly"))

    def test_a_sample_takes_all_rows_of_a_user_or_none(self):
        events, _ = self.convert(ROWS)
        whole = {}
        for line in events:
            user = line["event"].get("user", line["event"].get("data"))["user_id"]
            whole[user] = whole.get(user, 0) + 1
        sampled = {}
        for line in self.convert(ROWS, "--one-user-in", "2")[0]:
            user = line["event"].get("user", line["event"].get("data"))["user_id"]
            sampled[user] = sampled.get(user, 0) + 1
        self.assertTrue(0 < len(sampled) < len(whole))
        self.assertTrue(all(whole[user] == count for user, count in sampled.items()))

    def test_what_is_not_the_data_set_is_refused_with_its_place(self):
        for rows, word in (([ROWS[3], ROWS[0]], "line 3: earlier"),
                           ([ROWS[0].replace("True,False,False", "yes,False,False")], "'yes' is neither"),
                           ([ROWS[0].replace("2020-02-03 08:00:00.100", "soon")], "'soon' is no time")):
            with self.assertRaisesRegex(SystemExit, word):
                self.convert(rows)


if __name__ == "__main__":
    unittest.main()
