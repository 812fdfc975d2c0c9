//! The capability tables of the vendor pages are printed from the connectors, so that they cannot say anything else.
//!
//! `UPDATE_DOCS=1 cargo test -p examples --test capabilities` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::path::Path;

use crm_pos::{Connection, Connector, Settings, vendors};

const BEGIN: &str = "<!-- capabilities: printed by a test -->";
const END: &str = "<!-- end of capabilities -->";

fn table(connector: &dyn Connector) -> String {
    let capabilities = connector.capabilities();
    let yes = |flag: bool| if flag { "yes" } else { "no" };
    let mut text = String::from(
        "| stream | list | by id | changed since | changed until | by branch | removed ids | total | page | overlap |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (stream, caps) in &capabilities.streams {
        writeln!(
            text,
            "| {stream} | {} | {} | {} | {} | {} | {} | {} | {} | {} s |",
            yes(caps.list),
            yes(caps.get),
            yes(caps.modified_from),
            yes(caps.modified_to),
            yes(caps.branch),
            yes(caps.removed),
            yes(caps.total),
            caps.max_page_size,
            caps.lag_seconds,
        )
        .unwrap();
    }
    let webhooks = capabilities.webhooks.map_or("none".to_owned(), |trust| format!("{trust:?}"));
    writeln!(
        text,
        "\nPush customer: {}. Push order: {}; for a guest: {}. Webhooks: {webhooks}; registered by request: {}. Recognised by the vendor's id \
         alone unless the link says otherwise: {}.",
        if capabilities.customers_fixed { "yes, and not changed" } else { yes(capabilities.push_customer) },
        yes(capabilities.push_order),
        yes(capabilities.guest_orders),
        yes(capabilities.register_webhooks),
        yes(capabilities.vendor_id_alone),
    )
    .unwrap();
    text
}

#[test]
fn the_vendor_pages_show_what_the_connectors_promise() {
    for vendor in vendors() {
        let filled = vendor.form.ways[0].iter().map(|field| match *field {
            "store" => ("store", "mau.mysapo.net".to_owned()),
            "site" => ("site", "shop.example.com".to_owned()),
            other => (other, "1".to_owned()),
        });
        let connector = vendor.connect(&filled.collect::<Settings>(), Connection::default()).unwrap();
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/vendors/{}.md", connector.vendor()));
        let page = std::fs::read_to_string(&file).unwrap();
        let block = format!("{BEGIN}\n{}{END}\n", table(&*connector));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            let updated = match (page.find(BEGIN), page.find(END)) {
                (Some(start), Some(end)) => {
                    format!("{}{block}{}", &page[..start], page[end + END.len()..].trim_start_matches('\n'))
                }
                _ => format!("{}\n## Capabilities\n\n{block}", page.trim_end().to_owned() + "\n"),
            };
            std::fs::write(&file, updated).unwrap();
        } else {
            assert!(page.contains(&block), "{} does not show this:\n{block}", file.display());
        }
    }
}
