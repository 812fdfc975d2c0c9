#!/usr/bin/env bash
# dlt 1.31.0 into SQLite: when a shop that sold whole pieces sells half a kilo, the quantity leaves its column; the same
# instant with and without an offset is stored seven hours apart.
#
# Guess: a column that began with whole numbers widens, or the row is refused; a time without an offset stays as it is.
# Seen: 12 made `quantity` a bigint, so 3.5 goes into a new column `quantity__v_double` and `quantity` is NULL there:
# SUM(quantity) is 12 and nothing fails. A text that looks like a time without an offset is taken for UTC. A vendor that
# sends wall time in its lists and +07:00 in its webhooks is seven hours away from itself in one column.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile 'dlt[sqlalchemy]==1.31.0'
cat > load.py <<'PY'
import sqlite3, dlt

rows = [
    {"id": 1, "quantity": 12, "purchaseDate": "2026-05-13T11:01:41.6630000"},
    {"id": 2, "quantity": 3.5, "purchaseDate": "2026-05-13T11:01:41.6630000+07:00"},
]
pipeline = dlt.pipeline(
    "shop", destination=dlt.destinations.sqlalchemy("sqlite:///shop.db"), dataset_name="main", pipelines_dir="runs"
)
pipeline.run(rows, table_name="sales").raise_on_failed_jobs()
db = sqlite3.connect("shop.db")
quantities = db.execute("SELECT quantity, quantity__v_double FROM sales ORDER BY id").fetchall()
(total,) = db.execute("SELECT SUM(quantity) FROM sales").fetchone()
times = [time for (time,) in db.execute("SELECT purchase_date FROM sales ORDER BY id")]
print("dlt", dlt.__version__, "quantities", quantities, "sum", total, "times", times)
assert quantities == [(12, None), (None, 3.5)] and total == 12, (quantities, total)
assert [time[11:19] for time in times] == ["11:01:41", "04:01:41"], times
PY
RUNTIME__DLTHUB_TELEMETRY=false venv/bin/python load.py
