#!/usr/bin/env bash
# SQLite 3.54.1 (apsw 3.54.1.0): a database in WAL mode whose connections are all closed is not one file, when the last one
# to close was opened read-only.
#
# Guess: closing the last connection writes the log back and removes it, whoever closes.
# Seen: with the writer last, the database is whole and there is no -wal. With a read-only connection last, the table is
# still in the -wal alone; a copy of the main file is a database without it. A program that drops its pool of readers after
# its writer leaves such files at every normal exit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check apsw==3.54.1.0
cat > last.py <<'PY'
import os, shutil, apsw

print("apsw", apsw.apsw_version(), "SQLite", apsw.sqlite_lib_version())
seen = {}
for last in ("writer", "reader"):
    path = last + ".db"
    writer = apsw.Connection(path)
    writer.execute("PRAGMA journal_mode = WAL").fetchall()
    writer.execute("CREATE TABLE t(x); INSERT INTO t VALUES(1)")
    reader = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("SELECT * FROM t").fetchall()
    for connection in (reader, writer) if last == "writer" else (writer, reader):
        connection.close()
    shutil.copy(path, "copy.db")
    tables = apsw.Connection("copy.db").execute("SELECT name FROM sqlite_schema").fetchall()
    seen[last] = (os.path.exists(path + "-wal"), [name for (name,) in tables])
    print(last, "last: -wal left", seen[last][0], "tables in a copy of the file", seen[last][1])
assert seen == {"writer": (False, ["t"]), "reader": (True, [])}, seen
PY
venv/bin/python last.py
