//! Written forms by the million, judged by `rlibphonenumber` (a port of the library that keeps the metadata).
//!
//! `IDENTITY_JUDGE_FORMS` sets how many; the default keeps the debug build quick.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use pos_core::identity::{PhoneKind, PhoneRules, read_phones};
use rlibphonenumber::enums::Region;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn of<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len() as u64) as usize]
    }

    fn digits(&mut self, len: u64) -> String {
        (0..len).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
}

fn judge(text: &str) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(text, Some(Region::VN)).ok()?;
    number.is_valid().then(|| number.format_as(PhoneNumberFormat::E164).to_string())
}

/// Digits with separators here and there, as people type them. Never one that parts two numbers, never a lone dot
/// before zeros.
fn spread(random: &mut Random, digits: &str) -> String {
    let style = random.below(6);
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        let gap = match style {
            0 | 1 => "",
            2 if at > 0 && at % 3 == 1 => " ",
            3 if at > 0 && at % 3 == 1 => ".",
            4 if at > 0 && at % 4 == 3 => "-",
            5 if at > 0 && random.below(4) == 0 => {
                random.of(&[" ", ".", "-", "\u{a0}", "\u{3000}", "–", "\u{200b}", "  "])
            }
            _ => "",
        };
        text.push_str(gap);
        text.push(digit);
    }
    if text.matches('.').count() == 1 { digits.to_owned() } else { text }
}

/// One written form, and whether it is one that we read and the judge does not.
fn form(random: &mut Random) -> (String, bool) {
    let len = 5 + random.below(4);
    let prefix = match random.below(4) {
        0 => random.of(&["9", "3", "8", "7", "5", "84", "84", "90", "99", "86"]).to_owned(),
        1 => random
            .of(&[
                "12", "16", "18", "19", "1800", "1900", "1201", "1203", "1228", "69", "199", "799", "672",
                "121", "140", "160",
            ])
            .to_owned(),
        2 => random
            .of(&["2", "24", "28", "20", "23", "4", "61", "67", "510", "651", "71", "78", "35"])
            .to_owned(),
        _ => random.digits(3),
    };
    let nsn = format!("{prefix}{}", random.digits(len));
    let nsn = match random.below(3) {
        0 => nsn,
        1 => nsn.chars().take(9).collect(),
        _ => nsn.chars().take(10).collect(),
    };
    let (plus, digits) = match random.below(10) {
        0 | 1 => ("", format!("0{nsn}")),
        2 => ("", nsn),
        3 => ("+", format!("84{nsn}")),
        4 => ("", format!("84{nsn}")),
        5 => ("", format!("0084{nsn}")),
        6 => ("+", format!("840{nsn}")),
        7 => ("", format!("840{nsn}")),
        8 => ("", format!("084{nsn}")),
        _ => ("+", format!("0{nsn}")),
    };
    let text = spread(random, &digits);
    let text = match random.below(12) {
        0 => format!(" {plus}{text} "),
        1 => format!("({plus}{text})"),
        2 => format!("'{plus}{text}"),
        3 => format!("tel:{plus}{text}"),
        4 => format!("SĐT: {plus}{text}"),
        _ => format!("{plus}{text}"),
    };
    // `+0…`, and `084` with nine digits, have only one reading here and none at the judge.
    let ours = plus == "+" && digits.starts_with('0') || digits.len() == 12 && digits.starts_with("084");
    let wide = random.below(15) == 0;
    let text =
        if wide {
            text.chars()
                .map(|c| {
                    if c.is_ascii_digit() || c == '+' {
                        char::from_u32(c as u32 + 0xfee0).unwrap()
                    } else {
                        c
                    }
                })
                .collect()
        } else {
            text
        };
    (text, ours)
}

#[test]
fn a_million_written_forms_agree_with_the_judge() {
    let forms =
        std::env::var("IDENTITY_JUDGE_FORMS").ok().and_then(|text| text.parse().ok()).unwrap_or(FORMS);
    let rules = PhoneRules::default();
    let mut random = Random(20_261_121);
    let (mut agreed, mut migrated, mut listed, mut valid, mut unread) = (0u64, 0u64, 0u64, 0u64, 0u64);
    let mut wrong = Vec::new();
    for _ in 0..forms {
        let (text, ours) = form(&mut random);
        let reading = read_phones(&text, &rules);
        let judged = judge(&text);
        let got = reading.phones.first().map(|phone| phone.e164.to_string());
        valid += u64::from(judged.is_some());
        match (&judged, reading.phones.as_slice()) {
            _ if reading.phones.len() < 2 && got == judged => agreed += 1,
            (None, [phone]) if phone.migrated => {
                // What it became is a number of today.
                assert!(judge(&phone.e164.to_string()).is_some(), "{text}");
                migrated += 1;
            }
            (None, [phone]) if ours && phone.kind != PhoneKind::Foreign => {
                assert!(judge(&phone.e164.to_string()).is_some(), "{text}");
                listed += 1;
            }
            // The crate for foreign numbers has older metadata, and completes no number that lacks its area code.
            (Some(number), []) if !number.starts_with("+84") => unread += 1,
            _ => wrong.push(format!("{text:?}: judge {judged:?}, here {reading:?}")),
        }
    }
    println!(
        "{forms} forms: {agreed} agreed ({valid} valid), {migrated} migrated, {listed} listed exceptions, {unread} foreign unread, {} wrong",
        wrong.len()
    );
    assert!(unread * 10_000 <= forms, "{unread} foreign numbers unread");
    assert!(wrong.is_empty(), "{} of {forms}:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    assert!(valid * 6 > forms, "too few valid forms to mean anything");
}

const FORMS: u64 = 1_000_000;

/// Every prefix of four digits, every length, five written forms.
#[test]
fn every_prefix_agrees_with_the_judge() {
    let rules = PhoneRules::default();
    let mut wrong = Vec::new();
    for prefix in 0..10_000u32 {
        for len in [7usize, 8, 9, 10] {
            if prefix < 1000 {
                continue; // a leading zero is the trunk prefix of a shorter one
            }
            let nsn = format!("{prefix}{}", &"2345678"[..len - 4]);
            let form = ["", "0", "+84", "84"][(prefix as usize + len) % 4];
            let text = format!("{form}{nsn}");
            let reading = read_phones(&text, &rules);
            let got = reading.phones.first().map(|phone| phone.e164.to_string());
            let judged = judge(&text);
            let migrated = judged.is_none() && reading.phones.first().is_some_and(|phone| phone.migrated);
            if got != judged && !migrated {
                wrong.push(format!("{text}: judge {judged:?}, here {got:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}

/// Numbers of other countries, in international form.
#[test]
fn foreign_numbers_agree_with_the_judge() {
    let rules = PhoneRules::default();
    let mut random = Random(7);
    let codes = [
        "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "44", "45", "46", "47",
        "48", "49", "52", "54", "55", "57", "60", "61", "62", "63", "64", "65", "66", "81", "82", "86", "90",
        "91", "92", "95", "212", "234", "241", "254", "351", "353", "358", "371", "380", "420", "421", "852",
        "853", "855", "856", "880", "886", "966", "971", "972",
    ];
    let mut wrong = Vec::new();
    let mut valid = 0;
    for code in codes {
        for _ in 0..60 {
            let len = 6 + random.below(6);
            let text = format!("{}{code}{}", random.of(&["+", "+", "00"]), random.digits(len));
            let judged = judge(&text);
            let got = read_phones(&text, &rules).phones.first().map(|phone| phone.e164.to_string());
            valid += usize::from(judged.is_some());
            if got != judged {
                wrong.push(format!("{text}: judge {judged:?}, here {got:?}"));
            }
        }
    }
    println!("{valid} valid, {} differ", wrong.len());
    // What is left comes of metadata that are nine versions apart; none is read as another number.
    assert!(wrong.iter().all(|line| line.contains("None")), "{}", wrong.join("\n"));
    assert!(wrong.len() <= 2, "{}:\n{}", wrong.len(), wrong.join("\n"));
}
