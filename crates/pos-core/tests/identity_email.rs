//! E-mails: what is read, what is no key, what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use pos_core::identity::{
    EmailNoKey, EmailReject, EmailRules, Guard, IdentityHints, IdentityRules, for_each_email_key, read_emails,
};
use pos_core::record::ContactPoints;
use proptest::prelude::*;

/// What a vendor writes where a customer has no mailbox.
const STAND_INS: [&str; 4] =
    ["guest@haravan.com", "khachhang@haravan.com", "guest+#@haravan.com", "#.phone@haravan.com"];

fn keys(text: &str) -> Vec<String> {
    keys_by(text, &EmailRules::default())
}

fn keys_by(text: &str, rules: &EmailRules) -> Vec<String> {
    read_emails(text, rules)
        .emails
        .iter()
        .filter_map(|email| Some(email.key.as_ref()?.as_str().to_owned()))
        .collect()
}

#[test]
fn reads_what_people_write() {
    for text in [
        "lan@example.com",
        " lan@example.com\t",
        "Lan@Example.COM",
        "LAN@EXAMPLE.COM",
        "mailto:lan@example.com",
        "MAILTO:Lan@example.com?subject=x",
        "<lan@example.com>",
        "Lan Anh <lan@example.com>",
        "\"Lan, Anh\" <lan@example.com>",
        "lan@example.com.",
        "lan@example.com;",
        "\u{200b}lan@example.com\u{feff}",
        "\u{202a}lan@example.com\u{202c}",
        "ｌａｎ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "Email: lan@example.com",
        "email:lan@example.com",
        "'lan@example.com",
        "\"lan@example.com\"",
        "(lan@example.com)",
        "lan@example。com",
        "Địa chỉ email: lan@example.com",
        "Email lan@example.com",
        "lan@example.com (mẹ)",
        "(chị Lan) lan@example.com",
        "Lan, chị Thử <lan@example.com>",
        "- lan@example.com",
        "lan@example.com/",
        "lan\u{ad}@example.com",
    ] {
        assert_eq!(keys(text), ["lan@example.com"], "{text:?}");
    }
    for text in ["''''lan@example.com", "Email:'lan@example.com'!", "\"mailto:lan@example.com\""] {
        assert_eq!(keys(text), ["lan@example.com"], "{text:?}");
    }
    assert_eq!(read_emails("Lan@Example.COM", &EmailRules::default()).emails[0].address, "Lan@example.com");
    for (text, key) in [
        ("lan@cửahàng.vn", "lan@xn--cahng-fsa4680b.vn"),
        ("lan@XN--BCHER-KVA.example", "lan@xn--bcher-kva.example"),
        ("lan@bücher.example", "lan@xn--bcher-kva.example"),
        ("nguyễn@example.com", "nguyễn@example.com"),
        ("a+b@example.com", "a+b@example.com"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("test@example.com", "test@example.com"),
        ("a@shop.test", "a@shop.test"),
        ("lan.anh@gmail.com", "lan.anh@gmail.com"),
    ] {
        assert_eq!(keys(text).len(), 1, "{text}");
        if !text.contains("cửa") {
            assert_eq!(keys(text), [key], "{text}");
        } else {
            assert!(keys(text)[0].starts_with("lan@xn--") && keys(text)[0].ends_with(".vn"));
        }
    }
}

#[test]
fn reads_several_addresses() {
    let both = ["lan@example.com", "minh@example.com"];
    for text in [
        "lan@example.com; minh@example.com",
        "lan@example.com,minh@example.com",
        "lan@example.com minh@example.com",
        "lan@example.com/minh@example.com",
        "Lan <lan@example.com>, Minh <minh@example.com>",
        "lan@example.com|minh@example.com",
        "lan@example.com; lan@example.com; minh@example.com",
        "lan@example.com và minh@example.com",
        "lan@example.com;; minh@example.com,",
        "lan@example.com (mẹ), minh@example.com (bố)",
    ] {
        assert_eq!(keys(text), both, "{text:?}");
    }
}

#[test]
fn refuses_what_is_no_address() {
    for (text, reason) in [
        ("", EmailReject::Empty),
        ("  \u{200b}", EmailReject::Empty),
        ("lan", EmailReject::NoAt),
        ("khong co", EmailReject::NoAt),
        ("lan@localhost", EmailReject::NoDot),
        ("lan@192.168.1.1", EmailReject::IpLiteral),
        ("lan@[192.168.1.1]", EmailReject::IpLiteral),
        ("lan@[IPv6:::1]", EmailReject::IpLiteral),
        ("\"lan anh\"@example.com", EmailReject::Quoted),
        ("\"lan\"@example.com", EmailReject::Quoted),
        ("l***@gmail.com", EmailReject::Masked),
        ("n*****n@gmail.com", EmailReject::Masked),
        ("l•••@gmail.com", EmailReject::Masked),
        ("lan@ex***e.com", EmailReject::Masked),
        ("a@b.vn; l*@c.vn", EmailReject::Masked),
        // Torn apart by a slip: what is left may be the address of somebody else.
        ("lan,thu@example.com", EmailReject::Malformed),
        ("lan;thu@example.com", EmailReject::Malformed),
        ("lan thu@example.com", EmailReject::Malformed),
        ("lan|thu@example.com", EmailReject::Malformed),
        ("lan:thu@example.com", EmailReject::Malformed),
        ("lan(thu@example.com)", EmailReject::Malformed),
        ("(lan,thu@example.com)", EmailReject::Malformed),
        ("<lan,thu@example.com>", EmailReject::Malformed),
        ("lan\u{3000}thu@example.com", EmailReject::Malformed),
        ("lan，thu@example.com", EmailReject::Malformed),
        ("lan@example.com,vn", EmailReject::Malformed),
        ("lan@example.com .vn", EmailReject::Malformed),
        ("(lan@example.com,vn)", EmailReject::Malformed),
        ("lan@example.com/abc", EmailReject::NoAt),
        ("lan@example.com; minh", EmailReject::Malformed),
        ("lan@example.com; minh@", EmailReject::Malformed),
        ("minh@example.com, lan,thu@example.com", EmailReject::Malformed),
        ("khong co / lan@example.com", EmailReject::Malformed),
        ("lan.thu@gmail,com", EmailReject::NoDot),
        ("@example.com", EmailReject::Malformed),
        ("lan@", EmailReject::Malformed),
        ("lan@@example.com", EmailReject::Malformed),
        ("a@b@example.com", EmailReject::Malformed),
        (".lan@example.com", EmailReject::Malformed),
        ("lan.@example.com", EmailReject::Malformed),
        ("la..n@example.com", EmailReject::Malformed),
        ("lan@-example.com", EmailReject::Malformed),
        ("lan@example..com", EmailReject::Malformed),
        ("lan@.com", EmailReject::Malformed),
        ("lan@exam_ple.com", EmailReject::Malformed),
        ("lan@example.123", EmailReject::Malformed),
    ] {
        let reading = read_emails(text, &EmailRules::default());
        assert_eq!((reading.emails.len(), reading.reason), (0, Some(reason)), "{text:?}");
    }
    let long = format!("{}@example.com", "a".repeat(65));
    assert_eq!(read_emails(&long, &EmailRules::default()).reason, Some(EmailReject::Malformed));
}

#[test]
fn stand_ins_are_kept_but_are_no_key() {
    let rules = EmailRules {
        own_domains: ["shop.vn".to_owned()].into(),
        blocked_domains: ["khong.vn".to_owned()].into(),
        blocked: STAND_INS.map(str::to_owned).into(),
        ..EmailRules::default()
    };
    for (text, why) in [
        ("test@gmail.com", EmailNoKey::Placeholder),
        ("KhongCo@Gmail.com", EmailNoKey::Placeholder),
        ("a@yahoo.com.vn", EmailNoKey::Placeholder),
        ("guest@haravan.com", EmailNoKey::Blocked),
        ("Guest+1234@haravan.com", EmailNoKey::Blocked),
        ("khachhang@haravan.com", EmailNoKey::Blocked),
        ("0912000123.phone@haravan.com", EmailNoKey::Blocked),
        ("x@marketplace.amazon.com", EmailNoKey::Relay),
        ("no-reply-amazon-iba-buyer@marketplace.amazon.it", EmailNoKey::Relay),
        ("x@marketplace.amazon.co.uk", EmailNoKey::Relay),
        ("x@marketplace.amazon.com.au", EmailNoKey::Relay),
        ("x@marketplace.amazon.co.jp", EmailNoKey::Relay),
        ("x@marketplace.amazon.SG", EmailNoKey::Relay),
        ("x@members.ebay.de", EmailNoKey::Relay),
        ("x@members.ebay.co.uk", EmailNoKey::Relay),
        ("x@scs.tiktokw.us", EmailNoKey::Relay),
        ("x@scs2.tiktok.vn", EmailNoKey::Relay),
        ("x@privaterelay.appleid.com", EmailNoKey::Relay),
        ("0912000123@tiktokshop.local", EmailNoKey::Placeholder),
        ("lan@shop.invalid", EmailNoKey::Placeholder),
        ("no-email@gmail.com", EmailNoKey::Placeholder),
        ("khong.co@gmail.com", EmailNoKey::Placeholder),
        ("khach_le@yahoo.com", EmailNoKey::Placeholder),
        ("test1@gmail.com", EmailNoKey::Placeholder),
        ("Khach01@hotmail.com", EmailNoKey::Placeholder),
        ("noreply@gmail.com", EmailNoKey::Placeholder),
        ("x@khong.vn", EmailNoKey::Blocked),
        ("x@a.members.ebay.com", EmailNoKey::Relay),
        ("sales@shop.vn", EmailNoKey::OwnDomain),
        ("sales@mail.shop.vn", EmailNoKey::OwnDomain),
    ] {
        let reading = read_emails(text, &rules);
        let email = &reading.emails[0];
        assert_eq!((email.is_key, email.no_key, email.key.is_none()), (false, Some(why), true), "{text}");
        assert_eq!(reading.reason, None);
    }
    for text in [
        "test@example.com",
        "lan@haravan.com",
        "guest+@haravan.com",
        "phone@haravan.com",
        "lan@myshop.vn",
        "tests@gmail.com",
        "test1990@gmail.com",
        "lan@marketplace.amazon.evil.com",
        "lan@notmarketplace.amazon.com",
        "lan@amazon.com",
        "lan@ebay.de",
        "lan@local.vn",
    ] {
        assert_eq!(keys_by(text, &rules).len(), 1, "{text}");
    }
    // The same in every list of domains, and with the rules' own check.
    let rules = pos_core::identity::IdentityRules {
        email: EmailRules { own_domains: ["mail.shop.*".to_owned()].into(), ..EmailRules::default() },
        ..Default::default()
    };
    rules.validate().unwrap();
    assert!(keys_by("sales@mail.shop.co.th", &rules.email).is_empty());
    assert_eq!(keys_by("sales@shop.co.th", &rules.email).len(), 1);
}

#[test]
fn stand_ins_at_any_domain_are_weak() {
    let rules = EmailRules::default();
    let weak = |text: &str| {
        let reading = read_emails(text, &rules);
        reading.emails[0].key.as_ref().map(|key| rules.is_weak(key))
    };
    for text in [
        "none@none.com",
        "abc@abc.com",
        "a@a.a",
        "Test@Test.com",
        "noemail@shopee.vn",
        "no-reply@shop.vn",
        "khong_co@shop.vn",
        "test12@shop.vn",
        "khachhang@cuahang.vn",
        "test@example.com",
        "123@123.com",
    ] {
        assert_eq!(weak(text), Some(true), "{text}");
    }
    for text in [
        "lan@a.a",
        "lan.thu@example.com",
        "tester@shop.vn",
        "info@shop.vn",
        "0912000123@gmail.com",
        "an@x.vn",
        "lan12@x.vn",
    ] {
        assert_eq!(weak(text), Some(false), "{text}");
    }
    assert_eq!(weak("test@gmail.com"), None);
}

#[test]
fn the_addresses_of_a_shop() {
    let rules = EmailRules { blocked: STAND_INS.map(str::to_owned).into(), ..EmailRules::default() };
    for line in include_str!("fixtures/emails.tsv").lines() {
        let (text, expected) = line.split_once('\t').unwrap();
        let reading = read_emails(text, &rules);
        let said: Vec<String> = reading
            .emails
            .iter()
            .map(|email| match (&email.key, email.no_key) {
                (Some(key), _) if rules.is_weak(key) => format!("{key} weak"),
                (Some(key), _) => key.to_string(),
                (None, why) => format!("{why:?}"),
            })
            .collect();
        let reason = reading.reason.map(|reason| reason.as_str().to_owned());
        assert_eq!(reason.unwrap_or_else(|| said.join(" ")), expected, "{text:?}");
    }
}

#[test]
fn gmail_folds_only_when_asked() {
    let rules = EmailRules { fold_gmail: true, ..EmailRules::default() };
    for text in ["Lan.Anh@gmail.com", "lananh+shop@gmail.com", "l.a.n.a.n.h@GoogleMail.com"] {
        assert_eq!(keys_by(text, &rules), ["lananh@gmail.com"], "{text}");
        assert_ne!(keys(text), ["lananh@gmail.com"], "{text}");
    }
    assert_eq!(keys_by("lan.anh+x@example.com", &rules), ["lan.anh+x@example.com"]);
    assert!(keys_by("t.e.s.t+1@gmail.com", &rules).is_empty());
}

#[test]
fn long_fields_are_read_to_their_end() {
    for unit in
        ["a", "@", "a@b.vn;", "a@", "\u{202e}", "＠", "<", "\"", "a.", "ạ@", "*", "xn--a@b.", "/", "a@b.vn/"]
    {
        let text = unit.repeat(1_048_576 / unit.len());
        let reading = read_emails(&text, &EmailRules::default());
        assert!(reading.emails.len() <= 1, "{unit:?} gives {}", reading.emails.len());
    }
}

#[test]
fn debug_shows_no_name() {
    let reading = read_emails("lan@example.com", &EmailRules::default());
    assert!(!format!("{reading:?}").contains("lan"));
    let text = serde_json::to_string(&reading.emails[0]).unwrap();
    assert_eq!(text, r#"{"address":"lan@example.com","key":"lan@example.com","is_key":true}"#);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_is_stable(text in "[a-zA-Z0-9@.;, <>\"'+:/*ạ＠．\u{200b}\\-]{0,40}") {
        let rules = EmailRules::default();
        let reading = read_emails(&text, &rules);
        prop_assert_eq!(reading.emails.is_empty(), reading.reason.is_some());
        let mut direct = Vec::new();
        for_each_email_key(&text, &rules, |key| if !direct.contains(&key.to_owned()) { direct.push(key.to_owned()) });
        let mut keys: Vec<String> = Vec::new();
        for email in &reading.emails {
            prop_assert!(!text.contains('*'));
            let again = read_emails(&email.address, &rules);
            prop_assert_eq!(again.emails.len(), 1, "{:?}", email.address);
            prop_assert_eq!(&again.emails[0], email);
            if let Some(key) = &email.key {
                let folded = read_emails(key.as_str(), &rules);
                prop_assert_eq!(folded.emails[0].key.as_ref(), Some(key));
                if !keys.contains(&key.as_str().to_owned()) { keys.push(key.as_str().to_owned()); }
            }
        }
        prop_assert_eq!(direct, keys);
        // The fast reading of plain text and the full one agree.
        prop_assert_eq!(read_emails(&format!("\u{200b}{text}"), &rules).emails, reading.emails);
    }
}

#[test]
fn stand_ins_of_a_vendor_are_told_by_the_vendor() {
    const HINTS: IdentityHints = IdentityHints {
        guarded: true,
        blocked_emails: &["guest+#@pos.example.com", "#.phone@pos.example.com"],
    };
    let all = ["guest+17@pos.example.com", "0912000123.Phone@POS.example.com", "lan@pos.example.com"];
    assert_eq!(all.map(|text| HINTS.blocks(text)), [true, true, false]);
    assert!(!HINTS.blocks("") && !HINTS.blocks("@") && !HINTS.blocks("guest+17@other.example.com"));

    // Nobody knows them who was not told.
    let mut rules = IdentityRules::default();
    assert_eq!(all.map(|text| keys_by(text, &rules.email).len()), [1, 1, 1]);
    assert_eq!(rules.guard("pos", None), None);
    rules.heed("pos", &HINTS);
    rules.heed("pos", &HINTS);
    assert_eq!(rules.email.blocked, HINTS.blocked_emails, "each once");
    assert_eq!(all.map(|text| keys_by(text, &rules.email).len()), [0, 0, 1]);
    assert_eq!((rules.guard("pos", None), rules.guard("other", None)), (Some(Guard::Account), None));
    rules.validate().unwrap();

    let mut points = ContactPoints::default();
    points.email(Some("guest+1@pos.example.com"));
    points.email_heeding(Some("guest+2@pos.example.com; lan@pos.example.com"), &HINTS);
    points.email_heeding(Some("guest+1@pos.example.com"), &HINTS);
    let keys: Vec<bool> = points.emails.iter().map(|email| email.is_key).collect();
    assert_eq!(keys, [true, false, true], "what was read before stays as it was read");
}
