//! A shop to point any client at.
//!
//! ```text
//! cargo run -p pos-testkit --example sandbox -- kiotviet --port 8080
//! ```

use std::error::Error;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use pos_testkit::contract::VendorSandbox;
use pos_testkit::registry::SANDBOXES;
use pos_testkit::{getfly, haravan, kiotviet, manychat, misa, nhanh, odoo, pancake, sapo, woocommerce};

/// The standard one ends the program where nobody reads on (`… --help | head -3`); here the words are lost and nothing else.
macro_rules! println {
    ($($what:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($what)*);
    }};
}

const USAGE: &str = "\
sandbox kiotviet [--invoices N] [--rate-limit] [--retailer NAME] [--client-id ID] [--client-secret S]
                 [--branch-customers]
sandbox haravan  [--rate-limit] [--clock-ahead SECONDS]
sandbox nhanh    [--invoices N] [--rate-limit] [--clock-ahead SECONDS]
sandbox sapo     [--rate-limit] [--pos]
sandbox pancake  [--failures PERCENT] [--currency CODE]
sandbox woocommerce [--clock-ahead SECONDS] [--old]
sandbox getfly   [--clock-ahead SECONDS] [--api LINE]
sandbox misa     [--invoices N] [--clock-ahead SECONDS] [--order-list]
sandbox odoo     [--clock-ahead SECONDS] [--version N]
sandbox manychat [--clock-ahead SECONDS] [--rate-limit] [--import]
        each of them: [--port N] [--customers N] [--orders N] [--seed N] [--lag SECONDS] [--webhooks URL] [--unkind]

A shop on loopback until Ctrl-C, with an API like the vendor's, invented people and no account. It prints its address,
its credentials, and a first request to try.

  --port N               port on loopback (default: a free one)
  --customers N          customers
  --orders N             orders
  --invoices N           invoices or bills (default: as many as orders)
  --seed N               which shop (default 1): the same number is the same shop
  --lag SECONDS          how long lists do not know what is new
  --webhooks URL         send every change to this address, proven as the vendor proves it
  --unkind               everything that the vendor may do to make life hard
  --rate-limit           the vendor's documented limits
  --clock-ahead SECONDS  how far the vendor's clock is ahead of this machine's
  --retailer NAME        shop name
  --client-id ID         client id
  --client-secret S      client secret
  --branch-customers     customers are kept apart by branch
  --api LINE             the newest line of a Getfly's API: v6.1, v6 or v3
  --old                  a WooCommerce of before lists could be bounded by change
  --order-list           a MISA eShop that lists its orders, which nobody confirmed; it sends no webhooks
  --import               a ManyChat account whose support opened imports; it has no orders
  --version N            the version of an Odoo, 14 to 19: JSON-RPC below 19; its lists never lag
  --pos                  the flavour Sapo POS instead of Sapo Web
  --currency CODE        what the shop sells in
  --failures PERCENT     so many requests fail
  --help                 this text";

const SHOP: &[&str] = &["--port", "--customers", "--orders", "--seed", "--lag", "--webhooks"];

/// A call that is wrong.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Usage {}

fn usage(what: impl Into<String>) -> Usage {
    Usage(what.into())
}

/// Options with their values, in the order in which they were given.
struct Options(Vec<(String, String)>);

impl Options {
    /// Reads what follows the vendor; `flags` take no value.
    fn read(words: &[String], own: &[&str], flags: &[&str]) -> Result<Self, Usage> {
        let known = || SHOP.iter().chain(own).chain(flags).copied();
        let mut options = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.as_str(), None),
            };
            if !known().any(|option| option == name) {
                let listed: Vec<&str> = known().collect();
                return Err(usage(format!("there is no option {name}; here are {}", listed.join(", "))));
            }
            let value = match value {
                Some(value) => value.to_owned(),
                None if flags.contains(&name) => String::new(),
                None => words.next().cloned().ok_or_else(|| usage(format!("{name} needs a value")))?,
            };
            options.push((name.to_owned(), value));
        }
        Ok(Self(options))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(option, _)| option == name).map(|(_, value)| value.as_str())
    }

    fn has(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Usage> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| usage(format!("{name} needs a number, not `{text}`")))
    }

    /// Sets a number, where one was given.
    fn set<T: FromStr>(&self, name: &str, place: &mut T) -> Result<(), Usage> {
        if let Some(number) = self.number(name)? {
            *place = number;
        }
        Ok(())
    }

    fn set_text(&self, name: &str, place: &mut String) {
        if let Some(text) = self.text(name) {
            text.clone_into(place);
        }
    }

    fn url(&self, name: &str) -> Result<Option<url::Url>, Usage> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|error| usage(format!("{name}: `{text}` is no address: {error}")))
    }

    fn seconds(&self, name: &str, place: &mut Duration) -> Result<(), Usage> {
        if let Some(seconds) = self.number(name)? {
            *place = Duration::from_secs(seconds);
        }
        Ok(())
    }
}

type Outcome = Result<(), Box<dyn Error>>;

/// Says what a shop is opened with, what else there is, and a first request to try, and keeps it until Ctrl-C.
async fn keep(
    what: &str,
    shop: &dyn VendorSandbox,
    other: &[(&'static str, String)],
    first: String,
) -> Outcome {
    let (url, settings) = shop.opening();
    println!("{what} All of it is invented.\n");
    println!("  {:<16} {url}", "address");
    for (name, value) in settings.iter().chain(other) {
        println!("  {name:<16} {value}");
    }
    println!("\nTry it:\n\n  {first}\n\nCtrl-C ends it.");
    tokio::signal::ctrl_c().await?;
    println!("\n{} requests answered.", shop.request_count());
    Ok(())
}

/// A KiotViet shop until Ctrl-C.
async fn kiotviet(words: &[String]) -> Outcome {
    let own = ["--invoices", "--retailer", "--client-id", "--client-secret"];
    let given = Options::read(words, &own, &["--branch-customers", "--unkind", "--rate-limit"])?;
    let mut options = kiotviet::SandboxOptions::default();
    given.set("--port", &mut options.port)?;
    given.set("--customers", &mut options.shop.customers)?;
    given.set("--orders", &mut options.shop.orders)?;
    given.set("--seed", &mut options.shop.seed)?;
    options.shop.invoices = given.number("--invoices")?.unwrap_or(options.shop.orders);
    given.set_text("--retailer", &mut options.retailer);
    given.set_text("--client-id", &mut options.client_id);
    given.set_text("--client-secret", &mut options.client_secret);
    options.separate_branches = given.has("--branch-customers");
    given.seconds("--lag", &mut options.lag)?;
    options.webhook_url = given.url("--webhooks")?;
    if given.has("--unkind") {
        options = options.unkind();
    }
    if given.has("--rate-limit") {
        options = options.with_documented_rate_limit();
    }
    let (customers, orders, invoices) = (options.shop.customers, options.shop.orders, options.shop.invoices);
    let shop = kiotviet::Sandbox::start(options).await?;
    let (base, token, retailer) = (shop.base_url(), shop.token_url(), shop.retailer());
    let first = format!(
        "TOKEN=$(curl -s {token} -d scopes=PublicApi.Access -d grant_type=client_credentials \\\n    -d client_id={} -d client_secret={} | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n  \
         curl -s '{base}customers?pageSize=2&orderBy=id' -H \"Retailer: {retailer}\" -H \"Authorization: Bearer $TOKEN\"",
        shop.client_id(),
        shop.client_secret()
    );
    let what =
        format!("A KiotViet shop with {customers} customers, {orders} orders and {invoices} invoices.");
    keep(&what, &shop, &[], first).await
}

/// A Haravan shop until Ctrl-C.
async fn haravan(words: &[String]) -> Outcome {
    let given = Options::read(words, &["--clock-ahead"], &["--unkind", "--rate-limit"])?;
    let mut options = haravan::SandboxOptions::default();
    if given.has("--unkind") {
        options = options.unkind();
    }
    given.seconds("--lag", &mut options.lag)?;
    options.ahead = time::Duration::seconds(given.number("--clock-ahead")?.unwrap_or_default());
    options.hook = given.url("--webhooks")?;
    given.set("--port", &mut options.port)?;
    given.set("--customers", &mut options.shop.customers)?;
    given.set("--orders", &mut options.shop.orders)?;
    given.set("--seed", &mut options.shop.seed)?;
    if given.has("--rate-limit") {
        options = options.with_documented_rate_limit();
    }
    let shop = haravan::Sandbox::start(options).await?;
    let (base, token) = (shop.api_url(), shop.token());
    let first =
        format!("curl -s '{base}com/orders.json?status=any&limit=2' -H 'Authorization: Bearer {token}'");
    let app = [
        ("client_id", shop.client_id().to_owned()),
        ("client_secret", shop.client_secret()),
        ("refresh_token", shop.refresh_token()),
        ("shop_secret", shop.shop_secret().to_owned()),
    ];
    keep("A Haravan shop.", &shop, &app, first).await
}

/// A Nhanh.vn shop until Ctrl-C.
async fn nhanh(words: &[String]) -> Outcome {
    let given = Options::read(words, &["--invoices", "--clock-ahead"], &["--unkind", "--rate-limit"])?;
    let mut options = nhanh::SandboxOptions::default();
    if given.has("--unkind") {
        options = options.unkind();
    }
    given.seconds("--lag", &mut options.lag)?;
    options.clock_ahead = time::Duration::seconds(given.number("--clock-ahead")?.unwrap_or_default());
    options.webhook_url = given.url("--webhooks")?;
    given.set("--port", &mut options.port)?;
    given.set("--customers", &mut options.shop.customers)?;
    given.set("--orders", &mut options.shop.orders)?;
    given.set("--seed", &mut options.shop.seed)?;
    options.shop.invoices = given.number("--invoices")?.unwrap_or(options.shop.orders);
    if given.has("--rate-limit") {
        options = options.with_documented_rate_limit();
    }
    let shop = nhanh::Sandbox::start(options).await?;
    let (base, app, business, token) =
        (shop.base_url(), shop.app_id(), shop.business_id(), shop.access_token());
    let first = format!(
        "curl -s '{base}v3.0/customer/list?appId={app}&businessId={business}' -H 'Authorization: {token}' \\\n    -d '{{\"filters\":{{}},\"paginator\":{{\"size\":2}}}}'"
    );
    keep("A Nhanh.vn shop.", &shop, &[], first).await
}

/// A Sapo store of either flavour until Ctrl-C.
async fn sapo(words: &[String]) -> Outcome {
    let given = Options::read(words, &[], &["--pos", "--unkind", "--rate-limit"])?;
    let mut options = sapo::SandboxOptions::default();
    if given.has("--pos") {
        options.flavor = sapo::Flavor::Pos;
    }
    if given.has("--unkind") {
        options = options.unkind();
    }
    options.webhook_to = given.url("--webhooks")?;
    given.set("--port", &mut options.port)?;
    given.set("--customers", &mut options.shop.customers)?;
    given.set("--orders", &mut options.shop.orders)?;
    given.set("--seed", &mut options.shop.seed)?;
    given.seconds("--lag", &mut options.lag)?;
    options.enforce_limit |= given.has("--rate-limit");
    let shop = sapo::Sandbox::start(options).await?;
    let (base, token) = (shop.base_url(), shop.access_token());
    let first =
        format!("curl -s '{base}admin/customers.json?page=1&limit=2' -H 'X-Sapo-Access-Token: {token}'");
    keep("A Sapo store.", &shop, &[("access_token", shop.access_token())], first).await
}

/// A Pancake POS shop until Ctrl-C.
async fn pancake(words: &[String]) -> Outcome {
    let given = Options::read(words, &["--failures", "--currency"], &["--unkind"])?;
    let mut options = pancake::SandboxOptions::default();
    if given.has("--unkind") {
        (options.unsorted, options.text_ids, options.varied_payments) = (true, true, true);
        (options.partial_returns, options.zero_prices, options.dateless_customers) = (true, true, true);
        (options.bare_webhooks, options.bare_created) = (true, true);
    }
    given.set_text("--currency", &mut options.currency);
    options.webhook_to = given.url("--webhooks")?;
    given.set("--port", &mut options.port)?;
    given.set("--customers", &mut options.shop.customers)?;
    given.set("--orders", &mut options.shop.orders)?;
    given.set("--seed", &mut options.shop.seed)?;
    given.seconds("--lag", &mut options.index_lag)?;
    given.set("--failures", &mut options.failures_in_hundred)?;
    let shop = pancake::Sandbox::start(options).await?;
    let (base, id, key) = (shop.base_url(), shop.shop_id(), shop.api_key());
    let first = format!("curl -s '{base}/shops/{id}/customers?page_size=2&api_key={key}'");
    keep("A Pancake POS shop.", &shop, &[], first).await
}

/// A WooCommerce shop until Ctrl-C.
async fn woocommerce(words: &[String]) -> Outcome {
    let given = Options::read(words, &["--clock-ahead"], &["--unkind", "--old"])?;
    let mut options = woocommerce::SandboxOptions::default();
    if given.has("--unkind") {
        options = options.unkind();
    }
    if given.has("--old") {
        (options.version, options.no_trashed_products) = ((5, 3), true);
    }
    options.ahead = time::Duration::seconds(given.number("--clock-ahead")?.unwrap_or_default());
    options.webhook_to = given.url("--webhooks")?;
    given.set("--port", &mut options.port)?;
    given.set("--customers", &mut options.shop.customers)?;
    given.set("--orders", &mut options.shop.orders)?;
    given.set("--seed", &mut options.shop.seed)?;
    given.seconds("--lag", &mut options.lag)?;
    let shop = woocommerce::Sandbox::start(options).await?;
    let (base, key, secret) = (shop.base_url(), shop.consumer_key(), shop.consumer_secret());
    let first = format!("curl -s '{base}wp-json/wc/v3/orders?per_page=2' -u {key}:{secret}");
    keep("A WooCommerce shop.", &shop, &[], first).await
}

/// A company's Getfly until Ctrl-C.
async fn getfly(words: &[String]) -> Outcome {
    let given = Options::read(words, &["--clock-ahead", "--api"], &["--unkind"])?;
    let mut options = getfly::SandboxOptions::default();
    if given.has("--unkind") {
        options = options.unkind();
    }
    options.line = match given.text("--api") {
        None | Some("v6.1") => getfly::Line::V61,
        Some("v6") => getfly::Line::V6,
        Some("v3") => getfly::Line::V3,
        Some(other) => return Err(usage(format!("--api is v6.1, v6 or v3, not `{other}`")).into()),
    };
    options.ahead = time::Duration::seconds(given.number("--clock-ahead")?.unwrap_or_default());
    options.webhook_to = given.url("--webhooks")?;
    given.set("--port", &mut options.port)?;
    given.set("--customers", &mut options.shop.customers)?;
    given.set("--orders", &mut options.shop.orders)?;
    given.set("--seed", &mut options.shop.seed)?;
    given.seconds("--lag", &mut options.lag)?;
    let shop = getfly::Sandbox::start(options).await?;
    let (base, key, api) = (shop.base_url(), shop.api_key(), shop.api());
    let first = format!(
        "curl -s '{base}api/{api}/accounts?limit=2' -H 'X-API-KEY: {key}' -H 'Content-Type: application/json'"
    );
    keep("A company's Getfly.", &shop, &[], first).await
}

/// A MISA eShop until Ctrl-C.
async fn misa(words: &[String]) -> Outcome {
    let given = Options::read(words, &["--invoices", "--clock-ahead"], &["--unkind", "--order-list"])?;
    if given.has("--webhooks") {
        return Err(usage("MISA eShop sends no webhooks").into());
    }
    let mut options = misa::SandboxOptions::default();
    if given.has("--unkind") {
        options = options.unkind();
    }
    options.lists_orders |= given.has("--order-list");
    options.ahead = time::Duration::seconds(given.number("--clock-ahead")?.unwrap_or_default());
    given.set("--port", &mut options.port)?;
    given.set("--customers", &mut options.shop.customers)?;
    given.set("--orders", &mut options.shop.orders)?;
    given.set("--seed", &mut options.shop.seed)?;
    options.shop.invoices = given.number("--invoices")?.unwrap_or(options.shop.orders);
    given.seconds("--lag", &mut options.lag)?;
    let shop = misa::Sandbox::start(options).await?;
    let (base, domain, app, key) = (shop.base_url(), shop.domain(), shop.app_id(), shop.secret_key());
    let (environment, company) = (shop.environment(), shop.company_code());
    let lines = [
        format!(
            r#"M='{{"AppID":"{app}","Domain":"{domain}","LoginTime":"'$(date -u +%Y-%m-%dT%H:%M:%SZ)'"}}'"#
        ),
        format!(r#"S=$(printf %s "$M" | openssl dgst -sha256 -hmac {key} | sed 's/.* //')"#),
        format!(r#"T=$(curl -s {base}auth/api/Account/Login -d "${{M%?}},\"SignatureInfo\":\"$S\"}}" |"#),
        r#"  sed 's/.*"AccessToken":"\([^"]*\)".*/\1/')"#.to_owned(),
        format!(r#"curl -s {base}{environment}/api/v1/customers/paging -H "Authorization: Bearer $T" \"#),
        format!(r#"  -H 'CompanyCode: {company}' -d '{{"Page":1,"Limit":2,"SortField":"Code"}}'"#),
    ];
    let first = lines.join("\n  ");
    keep("A MISA eShop.", &shop, &[], first).await
}

/// A page of ManyChat until Ctrl-C.
async fn manychat(words: &[String]) -> Outcome {
    let given = Options::read(words, &["--clock-ahead"], &["--unkind", "--rate-limit", "--import"])?;
    if given.has("--orders") || given.has("--lag") {
        return Err(usage("ManyChat has neither orders nor lists").into());
    }
    let mut options = manychat::SandboxOptions::default();
    if given.has("--unkind") {
        options = options.unkind();
    }
    (options.limits, options.import) = (given.has("--rate-limit"), given.has("--import"));
    options.ahead = time::Duration::seconds(given.number("--clock-ahead")?.unwrap_or_default());
    options.webhook_to = given.url("--webhooks")?;
    given.set("--port", &mut options.port)?;
    given.set("--customers", &mut options.shop.customers)?;
    given.set("--seed", &mut options.shop.seed)?;
    let shop = manychat::Sandbox::start(options).await?;
    let (base, key, contact) = (shop.base_url(), shop.api_key(), shop.id(0));
    let first = format!(
        "curl -s '{base}fb/subscriber/getInfo?subscriber_id={contact}' -H 'Authorization: Bearer {key}'"
    );
    keep("A page of ManyChat.", &shop, &[], first).await
}

/// An Odoo server until Ctrl-C.
async fn odoo(words: &[String]) -> Outcome {
    let given = Options::read(words, &["--clock-ahead", "--version"], &["--unkind"])?;
    if given.has("--lag") {
        return Err(usage("what an Odoo's lists show is what there is: they do not lag").into());
    }
    let mut options = odoo::SandboxOptions::default();
    if given.has("--unkind") {
        options = options.unkind();
    }
    given.set("--version", &mut options.version)?;
    if !(14..=19).contains(&options.version) {
        return Err(usage(format!("--version is 14 to 19, not {}", options.version)).into());
    }
    options.ahead = time::Duration::seconds(given.number("--clock-ahead")?.unwrap_or_default());
    options.webhook_to = given.url("--webhooks")?;
    given.set("--port", &mut options.port)?;
    given.set("--customers", &mut options.shop.customers)?;
    given.set("--orders", &mut options.shop.orders)?;
    given.set("--seed", &mut options.shop.seed)?;
    let shop = odoo::Sandbox::start(options).await?;
    let (base, key, database) = (shop.base_url(), shop.api_key(), shop.database());
    let json = "-H 'Content-Type: application/json'";
    let first = if shop.options().version >= 19 {
        format!(
            "curl -s '{base}json/2/res.partner/search_read' {json} -H 'Authorization: bearer {key}' \\\n  \
             -H 'X-Odoo-Database: {database}' -d '{{\"fields\":[\"name\",\"phone\"],\"limit\":2}}'"
        )
    } else {
        let call = format!(
            r#"["{database}",2,"{key}","res.partner","search_read",[[]],{{"fields":["name","phone"],"limit":2}}]"#
        );
        let params = format!(r#"{{"service":"object","method":"execute_kw","args":{call}}}"#);
        format!(
            "curl -s '{base}jsonrpc' {json} \\\n  -d '{{\"jsonrpc\":\"2.0\",\"method\":\"call\",\"id\":1,\"params\":{params}}}'"
        )
    };
    keep("An Odoo server.", &shop, &[], first).await
}

async fn run(words: &[String]) -> Outcome {
    let vendors: Vec<&str> = SANDBOXES.iter().map(|entry| entry.vendor).collect();
    let vendors = vendors.join(", ");
    let Some((vendor, words)) = words.split_first() else {
        return Err(usage(format!("which vendor? One of {vendors}")).into());
    };
    match vendor.as_str() {
        "kiotviet" => kiotviet(words).await,
        "haravan" => haravan(words).await,
        "nhanh" => nhanh(words).await,
        "sapo" => sapo(words).await,
        "pancake" => pancake(words).await,
        "woocommerce" => woocommerce(words).await,
        "getfly" => getfly(words).await,
        "misa" => misa(words).await,
        "manychat" => manychat(words).await,
        "odoo" => odoo(words).await,
        other => Err(usage(format!("there is no sandbox of `{other}`; there is one of {vendors}")).into()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run(&words).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Usage>() => {
            eprintln!("sandbox: {error}\n\n`sandbox --help` says everything.");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("sandbox: the shop cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}
