#!/usr/bin/env bash
# tzdata 2026.3 (PyPI) by Python's zoneinfo: Asia/Ho_Chi_Minh, the only zone of Vietnam, is +08:00 from 1960 to June 1975.
#
# Guess: Vietnam is +07:00 without summer time, so the zone and the fixed offset are two spellings of one thing, and the
# epoch is seven o'clock there.
# Seen: the epoch is eight o'clock. Somebody born on 1 May 1970 whose birthday is stored as midnight of that zone is read a
# day too early by whoever adds seven hours, and her birthday as midnight of +07:00 is one o'clock in the zone. Nobody born
# after June 1975 is hit, so no test with a young customer shows it. Asia/Bangkok, which some take for Hanoi, stays at
# +07:00, so two programs that both name a zone differ as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile tzdata==2026.3
cat > born.py <<'PY'
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from zoneinfo import ZoneInfo

vietnam, seven = ZoneInfo("Asia/Ho_Chi_Minh"), timezone(timedelta(hours=7))
print("tzdata", version("tzdata"), "epoch", datetime.fromtimestamp(0, vietnam))
days = {}
for year in (1958, 1970, 1975, 1976, 1990):
    born = datetime(year, 5, 1, tzinfo=vietnam)
    days[year] = str(born.astimezone(seven).date())
    print(born, "read at +07:00:", days[year])
assert datetime.fromtimestamp(0, vietnam).hour == 8
assert days == {1958: "1958-05-01", 1970: "1970-04-30", 1975: "1975-04-30", 1976: "1976-05-01", 1990: "1990-05-01"}
assert datetime(1970, 5, 1, tzinfo=ZoneInfo("Asia/Bangkok")).utcoffset() == timedelta(hours=7)
PY
PYTHONTZPATH="" venv/bin/python born.py
