#![no_main]

use libfuzzer_sys::fuzz_target;
use pos_core::identity::{EmailRules, MAX_EMAIL_CHARS, MAX_EMAILS, read_emails};

fuzz_target!(|input: (bool, &str)| {
    let (fold_gmail, text) = input;
    let rules = EmailRules { fold_gmail, ..EmailRules::default() };
    let reading = read_emails(text, &rules);
    assert_eq!(reading.emails.is_empty(), reading.reason.is_some());
    assert!(reading.emails.len() <= MAX_EMAILS);
    if text.trim_start().chars().take(MAX_EMAIL_CHARS).any(|c| c == '*' || c == '＊') {
        assert!(reading.emails.is_empty());
    }
    for email in &reading.emails {
        assert_eq!(email.is_key, email.key.is_some());
        assert_eq!(email.is_key, email.no_key.is_none());
        assert_eq!(email.address.matches('@').count(), 1);
        let again = read_emails(&email.address, &rules);
        assert_eq!(again.emails.as_slice(), std::slice::from_ref(email));
        if let Some(key) = &email.key {
            let folded = read_emails(key.as_str(), &rules);
            assert_eq!(folded.emails.len(), 1);
            assert_eq!(folded.emails[0].key.as_ref(), Some(key));
        }
    }
});
