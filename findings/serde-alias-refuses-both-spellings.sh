#!/usr/bin/env bash
# serde 1.0.228, serde_json 1.0.145: an object that carries a member under its name and under an alias is refused, also when
# one of the two is null, and the error names only the field, at the place of the object.
#
# Guess: an alias is another name that may be used, so both together read as the last one, like a repeated key in a
# serde_json::Value.
# Seen: "duplicate field" for both together, for null beside a value, and for the same key twice; the path that
# serde_path_to_error 0.1.20 gives is that of the object, so nothing tells which spelling to take out. APIs that renamed a
# member and send both for a while make every record unreadable.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > Cargo.toml <<'T'
[package]
name = "spellings"
version = "0.0.0"
edition = "2021"
[dependencies]
serde = { version = "=1.0.228", features = ["derive"] }
serde_json = "=1.0.145"
serde_path_to_error = "=0.1.20"
T
mkdir src
cat > src/main.rs <<'R'
#[derive(Debug, serde::Deserialize)]
struct Address {
    #[serde(default, alias = "zip_code")]
    zip: Option<String>,
}
#[derive(Debug, serde::Deserialize)]
struct Order {
    address: Address,
}
fn main() {
    let read = |text: &str| {
        let mut json = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize::<_, Order>(&mut json)
            .map(|order| format!("{:?}", order.address.zip))
            .unwrap_or_else(|error| format!("{} at {}", error.inner().to_string().split(" at line").next().unwrap(), error.path()))
    };
    let expected = [
        (r#"{"address":{"zip_code":"700000"}}"#, r#"Some("700000")"#),
        (r#"{"address":{"zip":"700000","zip_code":"700000"}}"#, "duplicate field `zip` at address"),
        (r#"{"address":{"zip":null,"zip_code":"700000"}}"#, "duplicate field `zip` at address"),
        (r#"{"address":{"zip":"1","zip":"2"}}"#, "duplicate field `zip` at address"),
    ];
    for (text, answer) in expected {
        let seen = read(text);
        println!("{text} -> {seen}");
        assert_eq!(seen, answer);
    }
    let value: serde_json::Value = serde_json::from_str(r#"{"zip":"1","zip":"2"}"#).unwrap();
    println!("Value: {value}");
    assert_eq!(value["zip"], "2");
}
R
cargo run --quiet
