"""Slack's official SDK as the judge of what the service sends to Slack: COUNTERSIGN_PAYLOADS names the folder of `slack.json`."""

import inspect
import json
import os
import re
import unittest

from slack_sdk import WebClient
from slack_sdk.models.blocks import Block
from slack_sdk.models.metadata import Metadata

with open(os.path.join(os.environ["COUNTERSIGN_PAYLOADS"], "slack.json"), encoding="utf-8") as file:
    CALLS = json.load(file)


class Payloads(unittest.TestCase):
    def test_every_block_is_one_that_the_sdk_knows_and_takes(self):
        self.assertGreater(len(CALLS), 30)
        for call in CALLS:
            blocks = Block.parse_all(call["body"]["blocks"])
            self.assertEqual(len(blocks), len(call["body"]["blocks"]))
            for block, sent in zip(blocks, call["body"]["blocks"]):
                # `to_dict` runs the SDK's validators: lengths, required fields, kinds of elements. Nothing that was sent is unknown to it.
                self.assertEqual(block.to_dict(), sent)

    def test_every_argument_is_one_of_its_method(self):
        methods = {"chat.postMessage": WebClient.chat_postMessage, "chat.update": WebClient.chat_update}
        for call in CALLS:
            known = inspect.signature(methods[call["method"]]).parameters
            for name in call["body"]:
                self.assertIn(name, known, call["method"])

    def test_metadata_is_as_the_sdk_makes_it(self):
        for call in CALLS:
            sent = call["body"].get("metadata")
            if call["method"] == "chat.postMessage":
                made = Metadata(event_type=sent["event_type"], event_payload=sent["event_payload"])
                self.assertEqual(made.to_dict(), sent)

    def test_no_text_has_markup_beside_our_own(self):
        for call in CALLS:
            for block in call["body"]["blocks"]:
                text = (block.get("text") or block["elements"][0])["text"]
                for link in re.findall(r"<([^>]*)>", text):
                    self.assertTrue(link.startswith("https://cs.example.com/"), text)


if __name__ == "__main__":
    unittest.main()
