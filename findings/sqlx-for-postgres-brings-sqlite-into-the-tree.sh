#!/usr/bin/env bash
# cargo 1.95.0, sqlx 0.8.6, rusqlite 0.38.0: a project that asks sqlx for PostgreSQL alone cannot resolve beside rusqlite,
# unless sqlx's default features are off.
#
# Guess: sqlx's drivers are features; without `sqlite` nothing of SQLite is in the resolution, whatever the other defaults
# (macros, migrate, json) are.
# Seen: with the defaults and `postgres` cargo refuses: only one package may link to the native library `sqlite3`, and
# sqlx-sqlite's libsqlite3-sys is the other one. With `default-features = false` and `postgres` it resolves, and
# Cargo.lock has no sqlx-sqlite.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
echo 'fn main() {}' > src/main.rs
resolve() {
    cat > Cargo.toml <<T
[package]
name = "beside"
version = "0.0.0"
edition = "2021"
[dependencies]
rusqlite = { version = "=0.38.0", features = ["bundled"] }
sqlx = { version = "=0.8.6", default-features = $1, features = ["postgres"] }
T
    rm -f Cargo.lock
    cargo generate-lockfile --quiet 2> said
}
cargo --version
if resolve true; then echo "with default features: resolves"; exit 1; fi
grep -m1 -o 'native library `sqlite3`' said | sed 's/^/with default features: refused over the /'
resolve false
if grep -q '^name = "sqlx-sqlite"' Cargo.lock; then echo "without default features: sqlx-sqlite is in the lock file"; exit 1; fi
echo "without default features: resolves, without sqlx-sqlite"
