use pos_haravan::{Stream, read_answer};
#[test]
fn dump() {
    for (s, f) in [(Stream::Customers,"customers_page1"),(Stream::Customers,"customer_guest"),(Stream::Customers,"customers_page_last"),(Stream::Customers,"customers_search_by_phone"),(Stream::Orders,"orders_page1"),(Stream::Orders,"orders_page_last"),(Stream::Orders,"order_full"),(Stream::Orders,"order_create_response"),(Stream::Products,"products_page1"),(Stream::Branches,"locations"),(Stream::Users,"users")] {
        let b = std::fs::read(format!("tests/fixtures/{f}.json")).unwrap();
        let a = read_answer(s, &b).unwrap();
        println!("=== {f} more {:?} rejected {:?}", a.more, a.page.rejected);
        for r in &a.page.records { println!("{}", serde_json::to_string(r).unwrap()); }
    }
}
