#!/usr/bin/env bash
# serde_qs 1.1.3, as it comes: a form whose brackets are percent-encoded, which is how PHP writes every nested form (and so
# how vendors built on it send webhooks), is read without its nested part, and nothing fails. Told to read forms it finds
# that part, and refuses the whole body where a name inside of brackets has brackets itself.
#
# Guess: `data%5Border_id%5D=94` and `data[order_id]=94` are the same form; a name that cannot be nested costs its value.
# Seen: by default `%5B` is a letter of the name, so `data` is absent (an Option stays None, a map gets the odd name). With
# `use_form_encoding(true)` both read alike; `data[custom_fields[size]][old_value]=x` beside it ends with an error of
# parsing, and the id of the order in the same body is lost with it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "forms"
version = "0.0.0"
edition = "2021"
[dependencies]
serde = { version = "1", features = ["derive"] }
serde_qs = "=1.1.3"
TOML
cat > src/main.rs <<'RS'
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
struct Delivery {
    event: String,
    data: Option<BTreeMap<String, String>>,
}

fn main() {
    let plain = "event=order.approved&data[order_id]=94";
    let encoded = "event=order.approved&data%5Border_id%5D=94";
    let deeper = "event=customer.updated&data%5Baccount_id%5D=94&change%5Bcustom_fields%5Bsize%5D%5D%5Bold_value%5D=x";
    let forms = serde_qs::Config::new().use_form_encoding(true);
    let id = |read: Result<Delivery, serde_qs::Error>| {
        read.map(|read| (read.event, read.data.and_then(|data| data.into_values().next())))
    };
    let as_it_comes = [id(serde_qs::from_str(plain)), id(serde_qs::from_str(encoded))];
    let as_forms = [id(forms.deserialize_str(plain)), id(forms.deserialize_str(encoded)), id(forms.deserialize_str(deeper))];
    println!("as it comes {as_it_comes:?}\nas forms {as_forms:?}");
    let read = |text: &Result<(String, Option<String>), serde_qs::Error>| text.as_ref().ok().map(|(_, id)| id.clone());
    assert_eq!(read(&as_it_comes[0]), Some(Some("94".into())));
    assert_eq!(read(&as_it_comes[1]), Some(None), "the nested part is read by now");
    assert_eq!(read(&as_forms[1]), Some(Some("94".into())));
    assert_eq!(read(&as_forms[2]), None, "brackets inside of brackets are read by now");
}
RS
cargo run --quiet
