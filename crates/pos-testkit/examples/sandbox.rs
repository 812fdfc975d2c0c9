//! A shop to point any client at.
//!
//! ```text
//! cargo run -p pos-testkit --example sandbox -- kiotviet --port 8080
//! ```

use std::error::Error;
use std::str::FromStr;

use pos_testkit::kiotviet::{Sandbox, SandboxOptions};

const USAGE: &str = "usage: sandbox kiotviet [options]
       sandbox haravan [--port N] [--customers N] [--orders N] [--seed N] [--rate-limit] [--unkind] [--lag SECONDS]
                       [--clock-ahead SECONDS] [--webhooks URL]
       sandbox nhanh [--port N] [--customers N] [--orders N] [--invoices N] [--seed N] [--rate-limit] [--lag SECONDS]
                     [--unkind] [--webhooks URL]
       sandbox sapo [--port N] [--customers N] [--orders N] [--seed N] [--rate-limit] [--lag SECONDS] [--pos] [--unkind]
                     [--webhooks URL]
       sandbox pancake [--port N] [--customers N] [--orders N] [--seed N] [--index-lag SECONDS] [--failures PERCENT]
                       [--currency CODE] [--webhooks URL] [--unkind]

  --port N             port on loopback (default: a free one)
  --customers N        customers (default 5200)
  --orders N           orders (default 6000)
  --invoices N         invoices (default: as many as orders)
  --seed N             which shop (default 1)
  --retailer NAME      shop name
  --client-id ID       client id
  --client-secret S    client secret
  --branch-customers   customers are kept apart by branch
  --webhooks URL       send every change to this address, signed with the webhook secret
  --lag SECONDS        how long lists do not know what is new
  --unkind             everything that the real service may do to make life hard
  --rate-limit         5000 GET requests in an hour, as documented";

fn number<T: FromStr>(name: &str, value: Option<String>) -> Result<T, String> {
    let value = value.ok_or_else(|| format!("{name} needs a value"))?;
    value.parse().map_err(|_| format!("{name} needs a number, not {value:?}"))
}

fn text(name: &str, value: Option<String>) -> Result<String, String> {
    value.ok_or_else(|| format!("{name} needs a value"))
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Option<SandboxOptions>, String> {
    match words.next().as_deref() {
        Some("kiotviet") => {}
        Some("-h" | "--help") => return Ok(None),
        Some(other) => return Err(format!("there is no sandbox of {other:?}; there is one of kiotviet")),
        None => return Err("which vendor?".into()),
    }
    let mut options = SandboxOptions::default();
    let mut invoices = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "--port" => options.port = number(&word, words.next())?,
            "--customers" => options.shop.customers = number(&word, words.next())?,
            "--orders" => options.shop.orders = number(&word, words.next())?,
            "--invoices" => invoices = Some(number(&word, words.next())?),
            "--seed" => options.shop.seed = number(&word, words.next())?,
            "--retailer" => options.retailer = text(&word, words.next())?,
            "--client-id" => options.client_id = text(&word, words.next())?,
            "--client-secret" => options.client_secret = text(&word, words.next())?,
            "--branch-customers" => options.separate_branches = true,
            "--webhooks" => options.webhook_url = Some(number(&word, words.next())?),
            "--lag" => options.lag = std::time::Duration::from_secs(number(&word, words.next())?),
            "--unkind" => options = options.unkind(),
            "--rate-limit" => options = options.with_documented_rate_limit(),
            "-h" | "--help" => return Ok(None),
            _ => return Err(format!("unknown option {word:?}")),
        }
    }
    options.shop.invoices = invoices.unwrap_or(options.shop.orders);
    Ok(Some(options))
}

/// A Haravan shop until Ctrl-C.
async fn haravan(mut words: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let mut options = pos_testkit::haravan::SandboxOptions::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--port" => options.port = number(&word, words.next())?,
            "--customers" => options.shop.customers = number(&word, words.next())?,
            "--orders" => options.shop.orders = number(&word, words.next())?,
            "--seed" => options.shop.seed = number(&word, words.next())?,
            "--rate-limit" => options = options.with_documented_rate_limit(),
            "--unkind" => options = options.unkind(),
            "--lag" => options.lag = std::time::Duration::from_secs(number(&word, words.next())?),
            "--clock-ahead" => options.ahead = time::Duration::seconds(number(&word, words.next())?),
            "--webhooks" => options.hook = Some(text(&word, words.next())?.parse()?),
            "-h" | "--help" => {
                println!("{USAGE}");
                return Ok(());
            }
            _ => return Err(format!("unknown option {word:?}\n\n{USAGE}").into()),
        }
    }
    let shop = pos_testkit::haravan::Sandbox::start(options).await?;
    let (base, token) = (shop.api_url(), shop.token());
    println!("A Haravan shop. All of it is invented.\n");
    println!("  API URL        {base}");
    println!("  org id         {}", shop.org_id());
    println!("  private token  {token}");
    println!("  app id         {}", shop.client_id());
    println!("  app secret     {}", shop.client_secret());
    println!("  refresh token  {}", shop.refresh_token());
    println!("  shop secret    {}\n", shop.shop_secret());
    println!("Try it:\n");
    println!("  curl -s '{base}com/orders.json?status=any&limit=2' -H 'Authorization: Bearer {token}'\n");
    println!("Ctrl-C ends it.");
    tokio::signal::ctrl_c().await?;
    println!("\n{} requests answered.", shop.request_count());
    Ok(())
}

/// A Nhanh.vn shop until Ctrl-C.
async fn nhanh(mut words: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let mut options = pos_testkit::nhanh::SandboxOptions::default();
    let mut invoices = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "--port" => options.port = number(&word, words.next())?,
            "--customers" => options.shop.customers = number(&word, words.next())?,
            "--orders" => options.shop.orders = number(&word, words.next())?,
            "--invoices" => invoices = Some(number(&word, words.next())?),
            "--seed" => options.shop.seed = number(&word, words.next())?,
            "--rate-limit" => options = options.with_documented_rate_limit(),
            "--lag" => options.lag = std::time::Duration::from_secs(number(&word, words.next())?),
            "--unkind" => options = options.unkind(),
            "--webhooks" => options.webhook_url = Some(number(&word, words.next())?),
            _ => return Err(format!("unknown option {word:?}\n\n{USAGE}").into()),
        }
    }
    options.shop.invoices = invoices.unwrap_or(options.shop.orders);
    let shop = pos_testkit::nhanh::Sandbox::start(options).await?;
    let (base, app, business, token) =
        (shop.base_url(), shop.app_id(), shop.business_id(), shop.access_token());
    println!("A Nhanh.vn shop. All of it is invented.\n");
    println!("  base URL      {base}");
    println!("  app id        {app}");
    println!("  business id   {business}");
    println!("  access token  {token}");
    println!("  secret key    {}", shop.secret_key());
    println!("  verify token  {}\n", shop.verify_token());
    println!("Try it:\n");
    println!(
        "  curl -s '{base}v3.0/customer/list?appId={app}&businessId={business}' -H 'Authorization: {token}' \\\n    -d '{{\"filters\":{{}},\"paginator\":{{\"size\":2}}}}'\n"
    );
    println!("Ctrl-C ends it.");
    tokio::signal::ctrl_c().await?;
    println!("\n{} requests answered.", shop.request_count());
    Ok(())
}

/// A Sapo store of either flavour until Ctrl-C.
async fn sapo(mut words: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let mut options = pos_testkit::sapo::SandboxOptions::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--port" => options.port = number(&word, words.next())?,
            "--customers" => options.shop.customers = number(&word, words.next())?,
            "--orders" => options.shop.orders = number(&word, words.next())?,
            "--seed" => options.shop.seed = number(&word, words.next())?,
            "--rate-limit" => options.enforce_limit = true,
            "--pos" => options.flavor = pos_testkit::sapo::Flavor::Pos,
            "--unkind" => {
                (options.newest_first, options.rich_orders, options.ignores_sorting) = (true, true, true);
                (options.strict_hooks, options.strict_places) = (true, true);
                options.without_status = pos_testkit::sapo::WithoutStatus::Open;
            }
            "--webhooks" => options.webhook_to = Some(words.next().unwrap_or_default().parse()?),
            "--lag" => options.lag = std::time::Duration::from_secs(number(&word, words.next())?),
            _ => return Err(format!("unknown option {word:?}\n\n{USAGE}").into()),
        }
    }
    let shop = pos_testkit::sapo::Sandbox::start(options).await?;
    let base = shop.base_url();
    println!("A Sapo store. All of it is invented.\n");
    println!("  base URL       {base}");
    println!("  store          {}", shop.store());
    println!("  API key        {}", shop.api_key());
    println!("  API secret     {}", shop.api_secret());
    println!("  access token   {}", shop.access_token());
    println!("  webhook secret {}\n", shop.webhook_secret());
    println!("Try it:\n");
    println!(
        "  curl -s '{base}admin/customers.json?page=1&limit=2' -H 'X-Sapo-Access-Token: {}'\n",
        shop.access_token()
    );
    println!("Ctrl-C ends it.");
    tokio::signal::ctrl_c().await?;
    println!("\n{} requests answered.", shop.request_count());
    Ok(())
}

/// A Pancake POS shop until Ctrl-C.
async fn pancake(mut words: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let mut options = pos_testkit::pancake::SandboxOptions::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--port" => options.port = number(&word, words.next())?,
            "--customers" => options.shop.customers = number(&word, words.next())?,
            "--orders" => options.shop.orders = number(&word, words.next())?,
            "--seed" => options.shop.seed = number(&word, words.next())?,
            "--index-lag" => options.index_lag = std::time::Duration::from_secs(number(&word, words.next())?),
            "--failures" => options.failures_in_hundred = number(&word, words.next())?,
            "--currency" => options.currency = text(&word, words.next())?,
            "--webhooks" => options.webhook_to = Some(text(&word, words.next())?.parse()?),
            "--unkind" => {
                options.unsorted = true;
                options.text_ids = true;
                options.varied_payments = true;
                options.partial_returns = true;
                options.zero_prices = true;
                options.dateless_customers = true;
                options.bare_webhooks = true;
                options.bare_created = true;
            }
            _ => return Err(format!("unknown option {word:?}\n\n{USAGE}").into()),
        }
    }
    let shop = pos_testkit::pancake::Sandbox::start(options).await?;
    let (base, id, key) = (shop.base_url(), shop.shop_id(), shop.api_key());
    println!("A Pancake POS shop. All of it is invented.\n");
    println!("  base URL        {base}");
    println!("  shop id         {id}");
    println!("  API key         {key}");
    println!("  webhook secret  {}\n", shop.options().webhook_secret);
    println!("Try it:\n");
    println!("  curl -s '{base}/shops/{id}/customers?page_size=2&api_key={key}'\n");
    println!("Ctrl-C ends it.");
    tokio::signal::ctrl_c().await?;
    println!("\n{} requests answered.", shop.request_count());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some("pancake") {
        return pancake(std::env::args().skip(2)).await;
    }
    if std::env::args().nth(1).as_deref() == Some("haravan") {
        return haravan(std::env::args().skip(2)).await;
    }
    if std::env::args().nth(1).as_deref() == Some("nhanh") {
        return nhanh(std::env::args().skip(2)).await;
    }
    if std::env::args().nth(1).as_deref() == Some("sapo") {
        return sapo(std::env::args().skip(2)).await;
    }
    let options = match read(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{USAGE}");
            return Ok(());
        }
        Err(why) => {
            eprintln!("{why}\n\n{USAGE}");
            std::process::exit(2);
        }
    };
    let (customers, orders, invoices) = (options.shop.customers, options.shop.orders, options.shop.invoices);
    let shop = match Sandbox::start(options).await {
        Ok(shop) => shop,
        Err(why) => {
            eprintln!("the sandbox cannot start: {why}");
            std::process::exit(1);
        }
    };
    let (base, token, retailer) = (shop.base_url(), shop.token_url(), shop.retailer());
    println!(
        "A KiotViet shop with {customers} customers, {orders} orders and {invoices} invoices. All of it is invented.\n"
    );
    println!("  base URL       {base}");
    println!("  token URL      {token}");
    println!("  retailer       {retailer}");
    println!("  client id      {}", shop.client_id());
    println!("  client secret  {}", shop.client_secret());
    println!("  webhook secret {}\n", shop.webhook_secret());
    println!("Try it:\n");
    println!(
        "  TOKEN=$(curl -s {token} -d scopes=PublicApi.Access -d grant_type=client_credentials \\\n    -d client_id={} -d client_secret={} | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')",
        shop.client_id(),
        shop.client_secret()
    );
    println!(
        "  curl -s '{base}customers?pageSize=2&orderBy=id' -H \"Retailer: {retailer}\" -H \"Authorization: Bearer $TOKEN\"\n"
    );
    println!("Ctrl-C ends it.");
    tokio::signal::ctrl_c().await?;
    println!("\n{} requests answered.", shop.request_count());
    Ok(())
}
