#!/usr/bin/env bash
# libsql 0.5.29, sql.js 1.17.0, node-sqlite3-wasm 0.8.60 (npm, three SQLites for JavaScript): a vendor's id 94 that is bound
# as a number to a TEXT key is stored as '94.0', so the customer is there twice.
#
# Guess: a whole number is bound as an integer, so a TEXT column makes '94' of it, as it makes '7' of a 7 that is written in
# the statement; or STRICT refuses it.
# Seen: libsql binds every number as a REAL, and the column turns it into '94.0', in a STRICT table too. sql.js does so from
# 2 147 483 648 on, so small ids are right and nothing shows it before a shop with long ones. node-sqlite3-wasm binds
# integers. An upsert by the id that a list gives as a number and a webhook's address gives as text makes two customers, and
# so does a table that a program in another language fills as well. A search for '94' finds one of them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' > package.json
npm install --silent --no-audit --no-fund libsql@0.5.29 sql.js@1.17.0 node-sqlite3-wasm@0.8.60
cat > keys.cjs <<'JS'
const assert = require("node:assert");
const table = "CREATE TABLE customer (id TEXT PRIMARY KEY, points INTEGER NOT NULL) STRICT";
const upsert = "INSERT INTO customer VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET points = points + 1";
const literal = "INSERT INTO customer VALUES (7, 1)";
const all = "SELECT id, points FROM customer ORDER BY id";
// As a list of JSON gives them, and as the address of a webhook does.
const sent = [94, "94", 3000000000, "3000000000"];

async function seen() {
    const libsql = new (require("libsql"))(":memory:");
    libsql.exec(table);
    libsql.exec(literal);
    for (const id of sent) libsql.prepare(upsert).run(id);
    const wasm = new (require("node-sqlite3-wasm").Database)(":memory:");
    wasm.exec(table);
    wasm.exec(literal);
    for (const id of sent) wasm.run(upsert, [id]);
    const js = new (await require("sql.js")()).Database();
    js.run(table);
    js.run(literal);
    for (const id of sent) js.run(upsert, [id]);
    const ids = (rows) => rows.map((row) => row.id);
    const found = {
        libsql: ids(libsql.prepare(all).all()),
        "sql.js": js.exec(all)[0].values.map(([id]) => id),
        "node-sqlite3-wasm": ids(wasm.all(all)),
    };
    wasm.close();
    return found;
}

seen().then((found) => {
    for (const name of Object.keys(found)) {
        console.log(name, require(`./node_modules/${name}/package.json`).version, sent, "are the keys", found[name]);
    }
    assert.deepStrictEqual(found, {
        libsql: ["3000000000", "3000000000.0", "7", "94", "94.0"],
        "sql.js": ["3000000000", "3000000000.0", "7", "94"],
        "node-sqlite3-wasm": ["3000000000", "7", "94"],
    });
});
JS
node keys.cjs
