#!/usr/bin/env bash
# pandas 3.1.1, python-dateutil 4.0.0, dateparser 1.5.0: told that days come first, as Vietnamese files have them, pandas
# and dateutil read 2026-03-05 as the third of May, and in pandas the first row decides about the others.
#
# Guess: `dayfirst` is about dates that can be read in two ways, such as 05/03/2026; a year of four digits in front is ISO.
# Seen: 2026-03-05T10:00:00+07:00, with its T and offset, is 3 May for both. pandas takes the form of the first row: a list
# from the 1st to the 12th is wholly swapped, without a word; if its first row is the 25th it is right, with a warning; if
# the 25th comes later, to_datetime fails and read_csv leaves texts. So the same sales are right newest first and wrong
# oldest first, and a shop that reads each day's file for itself has eleven good-looking days a month in other months.
# dateparser, told the same, reads ISO as it is. One reader for a vendor's ISO times and for sheets with 05/03/2026 is what
# a CRM has.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pandas==3.1.1 python-dateutil==4.0.0 dateparser==1.5.0
cat > days.py <<'PY'
import io
from importlib.metadata import version

import dateparser
import pandas
from dateutil import parser

print(*(f"{name} {version(name)}" for name in ("pandas", "python-dateutil", "dateparser")))


def sheet(*days):
    rows = "sold\n" + "".join(f"{day}T10:00:00+07:00\n" for day in days)
    read = pandas.read_csv(io.StringIO(rows), parse_dates=["sold"], dayfirst=True).sold
    seen = [str(one)[:10] for one in read] if read.dtype.kind == "M" or hasattr(read.dtype, "tz") else "texts"
    print(*days, "->", seen)
    return seen


assert sheet("2026-03-05", "2026-03-06") == ["2026-05-03", "2026-06-03"]
assert sheet("2026-03-25", "2026-03-05") == ["2026-03-25", "2026-03-05"]
assert sheet("2026-03-05", "2026-03-25") == "texts"
try:
    pandas.to_datetime(["2026-03-05", "2026-03-25"], dayfirst=True)
    raise SystemExit("a later 25th is read by now")
except ValueError as error:
    print("to_datetime:", str(error).splitlines()[0])
for text in ("2026-03-05T10:00:00+07:00", "2026-03-25T10:00:00+07:00", "05/03/2026"):
    one, other = parser.parse(text, dayfirst=True), dateparser.parse(text, settings={"DATE_ORDER": "DMY"})
    print(text, "dateutil", one.date(), "dateparser", other.date())
    assert str(other.date()) == ("2026-03-25" if "25" in text else "2026-03-05")
    assert str(one.date()) == ("2026-05-03" if text.startswith("2026-03-05") else str(other.date()))
PY
venv/bin/python -W ignore days.py
