//! See what the crates make of a payload: `inspect <vendor> records|webhook|error|callback …`, `inspect phone <file>`.
//!
//! No network, no account, and no parsing of its own: everything below arguments and output is the public API of the
//! crates. A further vendor is one more arm in each of the commands. `inspect --help` says what there is.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use examples::words::{asks_for_help, hint, nearest};
use http::{HeaderMap, HeaderName, HeaderValue};
use pos_core::http::{Outcome, Response};
use pos_core::identity::{PhoneRules, read_phones};
use pos_core::page::{Answer, Rejected};
use pos_core::record::Email;
use pos_core::webhook::{Delivery, Refusal, WebhookRequest};
use pos_core::{Error, Record, Retry, Secret, Stream, WebhookVerifier};
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const USAGE: &str = "\
inspect <vendor> records <stream> <file> [--api v2|v3] [--flavor web|pos]
inspect <vendor> webhook <file> --headers <json file> [--secret <secret>]... [--url <path and query>]
                 [--require-header <name=value>]... [--received-at <RFC 3339>] [--deletions]
                 [--mode v2|v3|auto] [--flavor web|pos]
inspect <vendor> error <file> --status <http status> [--headers <json file>] [--now <RFC 3339>]
                 [--api v2|v3] [--flavor web|pos]
inspect <vendor> callback <query string> --secret <secret> --now <unix seconds>
inspect phone <file>

Says what the crates make of a saved answer, a delivery or an error, as one JSON object (phone: one for each line). Needs
no network and no account. A delivery that is refused and a row that is rejected are answers, too.

<vendor>  kiotviet | haravan | nhanh | sapo | pancake | woocommerce | getfly | misa | odoo
          manychat
<stream>  customers | orders | invoices | returns | products | categories | branches | users | tickets
<file>    the exact body: a list, one object or a bare array; `-` is standard input

  --headers FILE          header fields as a JSON object
  --secret SECRET         the shared secret; may repeat
  --require-header N=V    a header field that you chose as the proof; may repeat (pancake, manychat)
  --url PATH              path and query that were called, where the proof is in them
  --deletions             the address was registered for deletions (of vendors whose body does not say so)
  --received-at INSTANT   when it arrived (default: now)
  --status STATUS         the HTTP status of the answer
  --now INSTANT           the time at which a wait is counted (default: now)
  --api v2|v3             which API (nhanh; default v3)
  --mode v2|v3|auto       which webhooks (nhanh; default auto)
  --flavor web|pos        which product (sapo)
  --help                  this text

Exit status: 0 there is an answer, 2 called wrongly or the file cannot be read.";

const COMMANDS: [&str; 4] = ["records", "webhook", "error", "callback"];

/// Why there is no answer: exit status 2.
struct Usage(String);

type Answered<T> = Result<T, Usage>;

fn usage<T>(why: impl Into<String>) -> Answered<T> {
    Err(Usage(why.into()))
}

type MakeVerifier = fn(Vec<Secret>, &Arguments) -> Answered<Box<dyn WebhookVerifier>>;

/// A vendor that is built in, and what makes something of its bodies.
struct Vendor {
    name: &'static str,
    /// The options that mean something to it, beside those that every vendor takes, each with its command.
    options: &'static [(&'static str, &'static str)],
    read_answer: fn(Stream, &[u8], &Arguments) -> Answered<pos_core::Result<Answer>>,
    verifier: MakeVerifier,
    classify: fn(&Response, OffsetDateTime, &Arguments) -> Answered<Outcome>,
    callback: fn(&str, &Arguments) -> Answered<Value>,
}

/// A vendor that takes no options of its own.
macro_rules! plain {
    ($name:literal, $vendor:ident, $no_callback:literal) => {
        Vendor {
            name: $name,
            options: &[],
            read_answer: |stream, body, _| Ok($vendor::read_answer(stream, body)),
            verifier: |secrets, _| Ok(Box::new($vendor::Webhooks::new(secrets))),
            classify: |response, now, _| Ok($vendor::classify_at(response, now)),
            callback: |_, _| usage($no_callback),
        }
    };
}

static VENDORS: [Vendor; 10] = [
    plain!("kiotviet", pos_kiotviet, "kiotviet has no OAuth return"),
    plain!(
        "haravan",
        pos_haravan,
        "what haravan sends back carries no proof: compare the state and change the code"
    ),
    Vendor {
        name: "nhanh",
        options: &[("records", "api"), ("error", "api"), ("webhook", "mode")],
        read_answer: |stream, body, arguments| {
            Ok(pos_nhanh::read_answer(stream, body, nhanh_api(arguments)?))
        },
        verifier: nhanh_verifier,
        // Both versions say their failures alike.
        classify: |response, now, arguments| {
            nhanh_api(arguments).map(|_| pos_nhanh::classify_at(response, now))
        },
        callback: |_, _| usage("what nhanh sends back carries no proof: there is nothing to inspect"),
    },
    Vendor {
        name: "sapo",
        options: &[("records", "flavor"), ("webhook", "flavor"), ("error", "flavor")],
        read_answer: |stream, body, arguments| {
            Ok(pos_sapo::read_answer(stream, body, sapo_flavor(arguments)?.unwrap_or_default()))
        },
        verifier: |secrets, arguments| {
            let hooks = pos_sapo::Webhooks::new(secrets);
            // Without the option the delivery itself says which it is.
            Ok(Box::new(match sapo_flavor(arguments)? {
                Some(flavor) => hooks.with_flavor(flavor),
                None => hooks,
            }))
        },
        // One function knows the shapes of both flavours.
        classify: |response, now, arguments| {
            sapo_flavor(arguments).map(|_| pos_sapo::classify_at(response, now))
        },
        callback: sapo_callback,
    },
    Vendor {
        options: &[("webhook", "require-header")],
        verifier: pancake_verifier,
        ..plain!("pancake", pos_pancake, "pancake has no OAuth return")
    },
    plain!(
        "woocommerce",
        pos_woocommerce,
        "what woocommerce sends back carries no proof: compare the one-time user id"
    ),
    plain!("getfly", pos_getfly, "getfly has no OAuth return"),
    Vendor {
        name: "misa",
        options: &[],
        read_answer: |stream, body, _| Ok(pos_misa::read_answer(stream, body)),
        verifier: |_, _| usage("misa sends no webhooks that anybody knows of"),
        classify: |response, now, _| Ok(pos_misa::classify_at(response, now)),
        callback: |_, _| usage("misa has no OAuth return"),
    },
    Vendor {
        options: &[("webhook", "deletions")],
        verifier: |secrets, arguments| {
            let deletions = arguments.options.contains_key("deletions");
            Ok(Box::new(pos_odoo::Webhooks::new(secrets).with_deletions(deletions)))
        },
        ..plain!("odoo", pos_odoo, "odoo has no OAuth return")
    },
    Vendor {
        options: &[("webhook", "require-header")],
        verifier: manychat_verifier,
        ..plain!("manychat", pos_manychat, "manychat has no OAuth return")
    },
];

impl Vendor {
    fn of(name: &str) -> Answered<&'static Self> {
        if let Some(vendor) = VENDORS.iter().find(|vendor| vendor.name == name) {
            return Ok(vendor);
        }
        let names = VENDORS.iter().map(|vendor| vendor.name);
        let listed = names.clone().collect::<Vec<_>>().join(", ");
        usage(format!("there is no vendor `{name}`{}\nThe vendors are {listed}.", hint(name, names)))
    }

    fn options(&self, command: &str) -> Vec<&'static str> {
        let own = self.options.iter().filter(|(of, _)| *of == command);
        own.map(|(_, option)| *option).collect()
    }
}

fn nhanh_verifier(secrets: Vec<Secret>, arguments: &Arguments) -> Answered<Box<dyn WebhookVerifier>> {
    let mode = match arguments.one("mode")? {
        None | Some("auto") => pos_nhanh::Mode::Auto,
        Some("v2") => pos_nhanh::Mode::V2,
        Some("v3") => pos_nhanh::Mode::V3,
        Some(_) => return usage("--mode is v2, v3 or auto"),
    };
    Ok(Box::new(pos_nhanh::Webhooks::new(secrets).with_mode(mode)))
}

/// Takes every header that was required into a verifier.
fn requiring<V>(
    arguments: &Arguments,
    hooks: V,
    with: impl Fn(V, &str, &str) -> pos_core::Result<V>,
) -> Answered<V> {
    let required = arguments.options.get("require-header").into_iter().flatten();
    let mut required = required.map(|text| text.split_once('='));
    required.try_fold(hooks, |hooks, required| {
        let Some((name, value)) = required else { return usage("--require-header is name=value") };
        with(hooks, name, value).or_else(|error| usage(error.to_string()))
    })
}

fn pancake_verifier(secrets: Vec<Secret>, arguments: &Arguments) -> Answered<Box<dyn WebhookVerifier>> {
    let hooks = pos_pancake::Webhooks::new(secrets);
    Ok(Box::new(requiring(arguments, hooks, |hooks, name, value| hooks.with_header(name, value))?))
}

fn manychat_verifier(secrets: Vec<Secret>, arguments: &Arguments) -> Answered<Box<dyn WebhookVerifier>> {
    let hooks = pos_manychat::Webhooks::new(secrets);
    Ok(Box::new(requiring(arguments, hooks, |hooks, name, value| hooks.with_header(name, value))?))
}

fn sapo_flavor(arguments: &Arguments) -> Answered<Option<pos_sapo::Flavor>> {
    match arguments.one("flavor")?.map(str::parse) {
        None => Ok(None),
        Some(Ok(flavor)) => Ok(Some(flavor)),
        Some(Err(_)) => usage("--flavor is web or pos"),
    }
}

fn sapo_callback(query: &str, arguments: &Arguments) -> Answered<Value> {
    let secrets = arguments.options.get("secret").map(Vec::as_slice).unwrap_or_default();
    let [first, others @ ..] = secrets else { return usage("callback needs --secret") };
    let app = pos_sapo::OAuthApp::new("", first.as_str(), "");
    let app = others.iter().fold(app, |app, secret| app.with_secret(secret.as_str()));
    let now = match arguments.one("now")?.map(|text| text.parse().map(OffsetDateTime::from_unix_timestamp)) {
        Some(Ok(Ok(now))) => now,
        Some(_) => return usage("--now is Unix time in seconds"),
        None => OffsetDateTime::now_utc(),
    };
    let proven = app.verify_callback(query, now);
    Ok(json!({
        "verified": proven.is_ok(),
        "reason": proven.as_ref().err().map(ToString::to_string),
        "store": proven.as_ref().ok().map(|callback| callback.store.as_str()),
        "state": proven.as_ref().ok().and_then(|callback| callback.state.as_deref()),
    }))
}

fn nhanh_api(arguments: &Arguments) -> Answered<pos_nhanh::Api> {
    match arguments.one("api")? {
        None | Some("v3") => Ok(pos_nhanh::Api::V3),
        Some("v2") => Ok(pos_nhanh::Api::V2),
        Some(_) => usage("--api is v2 or v3"),
    }
}

/// Positional arguments and options. An option may repeat.
#[derive(Default)]
struct Arguments {
    positional: Vec<String>,
    options: BTreeMap<String, Vec<String>>,
}

/// Options without a value.
const FLAGS: [&str; 1] = ["deletions"];

impl Arguments {
    fn parse(words: impl Iterator<Item = String>) -> Answered<Self> {
        let mut arguments = Self::default();
        let mut words = words.peekable();
        let mut only_positional = false;
        while let Some(word) = words.next() {
            match word.strip_prefix("--").filter(|_| !only_positional) {
                Some("") => only_positional = true,
                Some(option) => {
                    let (name, value) = match option.split_once('=') {
                        Some((name, value)) => (name.to_owned(), value.to_owned()),
                        None if FLAGS.contains(&option) => (option.to_owned(), String::new()),
                        None => match words.next() {
                            Some(value) => (option.to_owned(), value),
                            None => return usage(format!("--{option} needs a value")),
                        },
                    };
                    arguments.options.entry(name).or_default().push(value);
                }
                None => arguments.positional.push(word),
            }
        }
        Ok(arguments)
    }

    /// Refuses options that would be ignored.
    fn allow(&self, known: &[&str], of_vendor: &[&str]) -> Answered<()> {
        let known: Vec<&str> = known.iter().chain(of_vendor).copied().collect();
        let Some(name) = self.options.keys().find(|name| !known.contains(&name.as_str())) else {
            return Ok(());
        };
        let here: Vec<&str> = self.positional.iter().take(2).map(String::as_str).collect();
        let listed = match known.as_slice() {
            [] => "It takes none.".to_owned(),
            known => format!("It takes --{}.", known.join(", --")),
        };
        let hint = nearest(name, known.iter().copied()).map(|near| format!("; did you mean --{near}?"));
        let hint = hint.unwrap_or_default();
        usage(format!("--{name} means nothing to `inspect {}`{hint}\n{listed}", here.join(" ")))
    }

    fn one(&self, name: &str) -> Answered<Option<&str>> {
        match self.options.get(name).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([value]) => Ok(Some(value)),
            Some(_) => usage(format!("--{name} may be given once")),
        }
    }

    fn instant(&self, name: &str) -> Answered<OffsetDateTime> {
        match self.one(name)? {
            Some(text) => OffsetDateTime::parse(text, &Rfc3339).or_else(|_| {
                usage(format!("--{name}: `{text}` is not an instant; write 2026-11-20T08:30:00Z"))
            }),
            None => Ok(OffsetDateTime::now_utc()),
        }
    }

    fn headers(&self) -> Answered<HeaderMap> {
        match self.one("headers")? {
            Some(file) => read_headers(file),
            None => Ok(HeaderMap::new()),
        }
    }
}

fn read(file: &str) -> Answered<Vec<u8>> {
    let read = if file == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    read.or_else(|error| usage(format!("{file}: {error}")))
}

fn read_headers(file: &str) -> Answered<HeaderMap> {
    let wrong = || Usage(format!("{file} is not a JSON object of header fields"));
    let value: Value = serde_json::from_slice(&read(file)?).map_err(|_| wrong())?;
    let object = value.get("headers").filter(|inner| inner.is_object()).unwrap_or(&value);
    let mut headers = HeaderMap::new();
    for (name, value) in object.as_object().ok_or_else(wrong)? {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => continue,
                other => other.to_string(),
            };
            headers.append(name.clone(), HeaderValue::from_bytes(text.as_bytes()).map_err(|_| wrong())?);
        }
    }
    Ok(headers)
}

fn records(vendor: &Vendor, arguments: &Arguments) -> Answered<Value> {
    arguments.allow(&[], &vendor.options("records"))?;
    let [_, _, stream, file] = arguments.positional.as_slice() else {
        return usage("records takes a stream and a file: inspect <vendor> records <stream> <file>");
    };
    let name: Stream = stream.parse().or_else(|error| {
        let hint = hint(stream, Stream::ALL.map(Stream::as_str));
        usage(format!("`{stream}` is {error}{hint}"))
    })?;
    let mut answer =
        (vendor.read_answer)(name, &read(file)?, arguments)?.unwrap_or_else(|error| unreadable(&error));
    answer.page.records.iter_mut().for_each(heed_stand_ins);
    Ok(json!({
        "vendor": vendor.name,
        "stream": name,
        "records": answer.page.records,
        "removed": answer.page.removed,
        "rejected": answer.page.rejected,
        "total": answer.page.total,
        "more": answer.more,
        "next": answer.next,
    }))
}

/// Rows move between shops: the stand-ins of every vendor are no keys anywhere, as in a CRM that has shops of all of them.
fn heed_stand_ins(record: &mut Record) {
    let mut emails: Vec<&mut Email> = Vec::new();
    match record {
        Record::Customer(customer) => emails.extend(&mut customer.emails),
        Record::Order(order) => {
            let parties = order.buyer.iter_mut().chain(&mut order.recipient);
            emails.extend(parties.flat_map(|party| &mut party.emails));
            emails.extend(order.contact.iter_mut().flat_map(|contact| &mut contact.emails));
        }
        Record::Branch(branch) => emails.extend(&mut branch.emails),
        Record::User(user) => emails.extend(&mut user.emails),
        _ => {}
    }
    for email in emails {
        let address = email.address.as_deref().unwrap_or_default();
        email.is_key &= !crm_pos::vendors().iter().any(|vendor| vendor.profile.identity.blocks(address));
    }
}

/// A body that is no answer at all, as an answer that says so.
fn unreadable(error: &Error) -> Answer {
    let mut answer = Answer::default();
    answer.page.rejected.push(Rejected { id: None, path: String::new(), reason: error.to_string() });
    answer
}

fn webhook(vendor: &Vendor, arguments: &Arguments) -> Answered<Value> {
    arguments.allow(&["headers", "secret", "url", "received-at"], &vendor.options("webhook"))?;
    let [_, _, file] = arguments.positional.as_slice() else { return usage("webhook takes a file") };
    if arguments.one("headers")?.is_none() {
        return usage("webhook needs --headers: a JSON file of the header fields that came along");
    }
    let headers = arguments.headers()?;
    let secrets =
        arguments.options.get("secret").cloned().unwrap_or_default().into_iter().map(Secret::new).collect();
    let body = read(file)?;
    let mut request = WebhookRequest::new(&headers, &body, arguments.instant("received-at")?);
    if let Some(url) = arguments.one("url")? {
        request = request.with_url(url);
    }
    let verifier = (vendor.verifier)(secrets, arguments)?;
    Ok(match verifier.verify(&request) {
        Err(refusal) => delivery_json(false, Err(&refusal)),
        Ok(verified) => match verifier.parse(&verified) {
            Ok(delivery) => delivery_json(true, Ok(&delivery)),
            // Another shop's delivery is not for us, however well it is signed; a body that nobody can read is ours.
            Err(refusal) => delivery_json(!matches!(refusal, Refusal::OtherShop(_)), Err(&refusal)),
        },
    })
}

fn delivery_json(verified: bool, read: Result<&Delivery, &Refusal>) -> Value {
    let delivery = read.ok();
    json!({
        "verified": verified,
        "reason": read.err().map(ToString::to_string),
        "delivery_id": delivery.map(|delivery| delivery.id.as_str()),
        "tenant": delivery.and_then(|delivery| delivery.tenant.as_deref()),
        "attempt": delivery.and_then(|delivery| delivery.attempt),
        "events": delivery.map(|delivery| delivery.events.as_slice()).unwrap_or_default(),
        "rejected": delivery.map(|delivery| delivery.rejected.as_slice()).unwrap_or_default(),
    })
}

fn error(vendor: &Vendor, arguments: &Arguments) -> Answered<Value> {
    arguments.allow(&["status", "headers", "now"], &vendor.options("error"))?;
    let [_, _, file] = arguments.positional.as_slice() else { return usage("error takes a file") };
    let status = match arguments.one("status")?.map(str::parse::<u16>) {
        Some(Ok(status)) if (100..=599).contains(&status) => status,
        Some(_) => return usage("--status is a number from 100 to 599"),
        None => return usage("error needs --status: the HTTP status of the answer"),
    };
    let response = Response::new(status, arguments.headers()?, read(file)?);
    let error = (vendor.classify)(&response, arguments.instant("now")?, arguments)?.into_error();
    let (retry, after) = match error.as_ref().map(Error::retry) {
        None | Some(Retry::Never) => ("never", None),
        Some(Retry::After(wait)) => ("after", Some(wait)),
        Some(_) => ("backoff", None),
    };
    let error = error.as_ref();
    Ok(json!({
        "kind": error.map_or("ok", |error| error.kind().as_str()),
        "status": status,
        "retry": retry,
        "after_seconds": after.as_ref().map(Duration::as_secs_f64),
        "code": error.and_then(Error::vendor_code),
        "message": error.and_then(Error::vendor_message),
        "fields": error.map(|error| error.fields().clone()).unwrap_or_default(),
    }))
}

fn callback(vendor: &Vendor, arguments: &Arguments) -> Answered<Value> {
    let [_, _, query] = arguments.positional.as_slice() else {
        return usage("callback takes a query string");
    };
    arguments.allow(&["secret", "now"], &[])?;
    (vendor.callback)(query, arguments)
}

/// One JSON object for each line; the line is read as it stands, with the blanks around it.
fn phone(arguments: &Arguments, out: &mut impl Write) -> Answered<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        input: &'a str,
        phones: Vec<pos_core::identity::PhoneNumber>,
        reason: Option<String>,
    }
    arguments.allow(&[], &[])?;
    let [_, file] = arguments.positional.as_slice() else { return usage("phone takes a file") };
    let bytes = read(file)?;
    let text = String::from_utf8_lossy(&bytes);
    let rules = PhoneRules::default();
    for line in text.split_terminator('\n') {
        let input = line.strip_suffix('\r').unwrap_or(line);
        let reading = read_phones(input, &rules);
        let line = Line {
            input,
            phones: reading.phones,
            reason: reading.reason.map(|reason| reason.as_str().to_owned()),
        };
        print(out, &line)?;
    }
    Ok(())
}

fn print(out: &mut impl Write, value: &impl Serialize) -> Answered<()> {
    let line = serde_json::to_string(value)
        .or_else(|error| usage(format!("the answer cannot be written: {error}")))?;
    writeln!(out, "{line}").or_else(|error| usage(format!("standard output: {error}")))
}

fn run(arguments: &Arguments, out: &mut impl Write) -> Answered<()> {
    let mut words = arguments.positional.iter().map(String::as_str);
    let answer = match (words.next(), words.next()) {
        (None, _) => return usage("what shall be inspected? A vendor, or `phone`"),
        (Some("phone"), _) => return phone(arguments, out),
        (Some(vendor), command) => {
            let vendor = Vendor::of(vendor)?;
            match command {
                Some("records") => records(vendor, arguments)?,
                Some("webhook") => webhook(vendor, arguments)?,
                Some("error") => error(vendor, arguments)?,
                Some("callback") => callback(vendor, arguments)?,
                Some(other) => {
                    let hint = hint(other, COMMANDS);
                    return usage(format!(
                        "there is no command `{other}`{hint}\nThere is {}.",
                        COMMANDS.join(", ")
                    ));
                }
                None => return usage(format!("a vendor needs a command: {}", COMMANDS.join(", "))),
            }
        }
    };
    print(out, &answer)
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if asks_for_help(&words) {
        // Whoever reads only the first lines closes the pipe.
        let _ = writeln!(std::io::stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let done = Arguments::parse(words.into_iter()).and_then(|arguments| run(&arguments, &mut out));
    match done.and_then(|()| out.flush().or_else(|error| usage(format!("standard output: {error}")))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Usage(why)) => {
            eprintln!("inspect: {why}\n\n`inspect --help` says everything.");
            ExitCode::from(2)
        }
    }
}
