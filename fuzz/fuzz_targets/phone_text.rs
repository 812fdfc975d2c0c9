#![no_main]

use libfuzzer_sys::fuzz_target;
use pos_core::identity::{
    MAX_PHONE_CHARS, MAX_PHONES, PhoneRules, for_each_phone, read_phone, read_phones, read_phones_in,
};

fuzz_target!(|text: &str| {
    let rules = PhoneRules::default();
    let reading = read_phones(text, &rules);
    assert_eq!(reading.phones.is_empty(), reading.reason.is_some());
    assert!(reading.phones.len() <= MAX_PHONES);
    assert_eq!(read_phone(text, &rules), reading.phones.first().copied());
    let mut each = Vec::new();
    assert_eq!(for_each_phone(text, &rules, |phone| each.push(phone)), reading.reason);
    assert_eq!(each, reading.phones);

    // A star among what is read hides something.
    if text.trim_start().chars().take(MAX_PHONE_CHARS).any(|c| c == '*' || c == '＊') {
        assert!(reading.phones.is_empty());
    }
    // What stands behind the limit does not matter.
    let kept = text.trim_start();
    if let Some((limit, _)) = kept.char_indices().nth(MAX_PHONE_CHARS) {
        let other = format!("{}7 / 0912000123", &kept[..limit]);
        assert_eq!(read_phones(&other, &rules), reading);
    }
    for phone in &reading.phones {
        let again = read_phones(&phone.e164.to_string(), &rules);
        assert_eq!(again.phones.len(), 1);
        let again = again.phones[0];
        assert_eq!((again.e164, again.kind, again.migrated), (phone.e164, phone.kind, false));
        assert_eq!(again.is_key, phone.is_key);
        assert!(!phone.is_key || phone.kind.may_be_key());
    }
    let _ = read_phones_in(text, "US", &rules);
});
