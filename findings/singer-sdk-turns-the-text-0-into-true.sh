#!/usr/bin/env bash
# singer-sdk 0.54.9: a stream whose property is a boolean writes true for the texts "0", "false" and "".
#
# Guess: a value of another type than the schema says passes as it came (as "850000.0000" does for a number) or is refused.
# Seen: numbers and texts of another type pass untouched, but everything for a boolean is compared with the number 0, and no
# text equals it. APIs in PHP send flags as "0" and "1", so every customer of a tap that says the flag is a boolean is
# deleted, blocked or a wholesaler; the target sees a valid true and cannot know.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile singer-sdk==0.54.9
cat > tap.py <<'PY'
from singer_sdk import Stream, Tap
from singer_sdk import typing as th

SENT = ["0", "false", "", "1", 0, None]


class Customers(Stream):
    name = "customers"
    primary_keys = ("id",)
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType), th.Property("deleted", th.BooleanType), th.Property("debt", th.NumberType)
    ).to_dict()

    def get_records(self, context):
        for at, flag in enumerate(SENT):
            yield {"id": at, "deleted": flag, "debt": "850000.0000"}


class Shop(Tap):
    name = "tap-shop"
    config_jsonschema = {"properties": {}}

    def discover_streams(self):
        return [Customers(self)]


Shop.cli()
PY
venv/bin/python tap.py > lines 2> log || { cat log; exit 1; }
python3 - <<'PY'
import json

rows = [said["record"] for said in map(json.loads, open("lines")) if said["type"] == "RECORD"]
seen = [row["deleted"] for row in rows]
print("sent", ["0", "false", "", "1", 0, None], "written", seen, "· a number sent as text:", rows[0]["debt"])
assert seen == [True, True, True, True, False, None] and rows[0]["debt"] == "850000.0000", rows
PY
