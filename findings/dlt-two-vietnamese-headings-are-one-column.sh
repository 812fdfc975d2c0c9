#!/usr/bin/env bash
# dlt 1.31.0 into SQLite: two members with Vietnamese names, "Giá lẻ" (retail price) and "Giá lô" (price of a lot), are
# written to one column; the second silently replaces the first.
#
# Guess: names are transliterated (gia_le, gia_lo), and where two still meet, one gets a suffix or the load fails.
# Seen: every letter that is not ASCII becomes "_", so both are `gi_lx` (a last "_" is an "x"). The row keeps 90000 and not
# 120000, the schema says nothing, the load succeeds. So do "Nợ" (owes) and "Nữ" (woman), both `nx`. Shops name their own
# fields in Vietnamese, and a sheet of customers has them as headings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile 'dlt[sqlalchemy]==1.31.0'
cat > load.py <<'PY'
import sqlite3, dlt

row = {"id": 1, "Giá lẻ": 120000, "Giá lô": 90000, "Nợ": 500000, "Nữ": True}
pipeline = dlt.pipeline(
    "shop", destination=dlt.destinations.sqlalchemy("sqlite:///shop.db"), dataset_name="main", pipelines_dir="runs"
)
pipeline.run([row], table_name="products").raise_on_failed_jobs()
table = sqlite3.connect("shop.db").execute("SELECT * FROM products")
names = [name for name, *_ in table.description]
seen = {name: value for name, value in zip(names, table.fetchone()) if not name.startswith("_dlt")}
print("dlt", dlt.__version__, row, "->", seen)
assert seen["gi_lx"] == 90000 and 120000 not in seen.values(), seen
assert 500000 not in seen.values() and len(seen) == 3, seen
PY
RUNTIME__DLTHUB_TELEMETRY=false venv/bin/python load.py
