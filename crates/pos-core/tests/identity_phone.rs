//! Phones: the table of cases, every rule of the plan, the judge, and what must never happen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use pos_core::identity::plan;
use pos_core::identity::{
    E164, MAX_PHONES, PhoneKind, PhoneReject, PhoneRules, for_each_phone, read_phone, read_phones,
    read_phones_in,
};
use proptest::prelude::*;

fn read(text: &str) -> Vec<String> {
    read_phones(text, &PhoneRules::default()).phones.iter().map(|phone| phone.e164.to_string()).collect()
}

fn reason(text: &str) -> Option<PhoneReject> {
    read_phones(text, &PhoneRules::default()).reason
}

/// The rows of a CSV file whose fields may be quoted.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            c => field.push(c),
        }
    }
    if !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

#[test]
fn every_row_of_the_table_comes_out_as_written() {
    let rows = csv(include_str!("fixtures/phone-vn.csv"));
    assert!(rows.len() > 100);
    let mut wrong = Vec::new();
    for row in rows.iter().skip(1) {
        let [input, expected, kind, _] = row.as_slice() else { panic!("{row:?}") };
        let reading = read_phones(input, &PhoneRules::default());
        let got: Vec<String> = reading.phones.iter().map(|phone| phone.e164.to_string()).collect();
        let want: Vec<&str> = if expected == "reject" { Vec::new() } else { expected.split(';').collect() };
        let first = reading.phones.first();
        let kind_is_right = match kind.as_str() {
            "mobile" => first.is_some_and(|p| p.kind == PhoneKind::Mobile && !p.migrated && p.is_key),
            "mobile_migrated" => first.is_some_and(|p| p.kind == PhoneKind::Mobile && p.migrated && p.is_key),
            "landline" => first.is_some_and(|p| p.kind == PhoneKind::Landline && !p.migrated && p.is_key),
            "landline_migrated" => {
                first.is_some_and(|p| p.kind == PhoneKind::Landline && p.migrated && p.is_key)
            }
            "m2m" => first.is_some_and(|p| p.kind == PhoneKind::M2m && !p.is_key),
            "hotline" => first.is_some_and(|p| p.kind == PhoneKind::Hotline && !p.is_key),
            "foreign" => first.is_some_and(|p| p.kind == PhoneKind::Foreign && p.is_key),
            "placeholder" => first.is_some_and(|p| p.kind == PhoneKind::Mobile && !p.is_key),
            "multi" => reading.phones.len() == 2 && reading.phones.iter().all(|p| p.is_key),
            "doubtful" => first.is_some_and(|p| p.doubtful && !p.is_key),
            "other" => reading.reason == Some(PhoneReject::OtherNumber),
            "masked" => reading.reason == Some(PhoneReject::Masked),
            "short" => reading.reason == Some(PhoneReject::Short),
            "reject" | "junk" => reading.reason.is_some(),
            other => panic!("unknown kind {other}"),
        };
        if got != want || !kind_is_right {
            wrong.push(format!("{input:?}: want {want:?} {kind}, got {got:?} {reading:?}"));
        }
        let single = read_phone(input, &PhoneRules::default());
        assert_eq!(single, reading.phones.first().copied(), "{input:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn reads_what_people_write() {
    let one = "+84912000123";
    for text in [
        "0912 - 000 - 123",
        "0912/000/123",
        "[091]2000123",
        "+(84)912000123",
        "++84912000123",
        "+0084912000123",
        "84-0-912-000-123",
        "(84) 912 000 123",
        "+84 (0)912000123",
        "0912·000·123",
        "0912‑000‑123",
        "0912—000—123",
        "０９１２．０００．１２３",
        "0912\u{2009}000\u{202f}123",
        "\u{feff}0912000123",
        "\u{202a}+84912000123\u{202c}",
        "0️⃣9️⃣1️⃣2️⃣0️⃣0️⃣0️⃣1️⃣2️⃣3️⃣",
        "٠٩١٢٠٠٠١٢٣",
        "912000123.00",
        "+84 912 000 123",
        "0912000123.0",
        "9.12000123E+8",
        "8.4912000123E10",
        "9.12000123e8",
        "9.120001230E8",
        "TEL:0912000123",
        "tel:912000123;phone-context=+84",
        "tel:0912000123;ext=12",
        "tel:0912-000-123;isub=12345678",
        "SĐT0912000123",
        "Lan0912000123",
        "0912000123Lan",
        "0912000123o",
        "l0912000123",
        "O9I2000123 ",
        "0912 OOO 123",
        "O912 000 123",
        "ĐT: 0912000123 (mẹ)",
        "0912000123 x5",
        "0912000123x5",
        "0912000123 x 5",
        "0912000123 ext. 1234567",
        "0912000123 máy lẻ 6912345",
        "0912000123 - máy lẻ: 12",
        "0912000123#12",
        "0912000123 (2)",
        "0912 000 123 (2)",
        "0912000123/",
        "/0912000123",
        "\"0912000123\"",
        "=\"0912000123\"",
        "0912000123,",
        "0912000123;;",
        "https://zalo.me/0912000123",
        "0912000123 / 0912000123",
        "0912000123\n",
        "0912000123 lol",
        "084 912 000 123",
        "0912000123 hoặc 113",
        "12/ 0912000123",
        "+84 0 912000123",
        "+84.912.000.123",
        "0084 (0) 912000123",
    ] {
        assert_eq!(read(text), [one], "{text:?}");
    }
}

#[test]
fn reads_several_numbers() {
    let both = ["+84912000123", "+84987000456"];
    for text in [
        "0912000123 / 0987000456",
        "0912000123/0987000456",
        "0912000123|0987000456",
        "0912000123, 0987000456",
        "0912000123-0987000456",
        "0912000123 0987000456",
        "0912 000 123 0987 000 456",
        "0912 000 123 - 0987 000 456",
        "0912.000.123 - 0987.000.456",
        "0912-000-123 / 0987-000-456",
        "0912 - 000 - 123 / 0987 - 000 - 456",
        "0912000123 hoặc 0987000456",
        "0912000123 hoac 0987000456",
        "0912000123 và 0987000456",
        "0912000123 & 0987000456",
        "0912000123+84987000456",
        "+84912000123 +84987000456",
        "+84 912 000 123 +84 987 000 456",
        "912000123 987000456",
        "0912000123 (0987000456)",
        "Lan: 0912000123, Minh: 0987000456",
        "0912000123\t0987000456",
        "0912000123\n0987000456",
        "0912000123 – 0987000456",
        "912000123.0; 987000456.0",
        "+84 (0) 912 000 123 / +84 (0) 987 000 456",
        "０９１２０００１２３　０９８７０００４５６",
        "0912000123 / 091200012 / 0987000456",
    ] {
        assert_eq!(read(text), both, "{text:?}");
    }
    assert_eq!(read("09120001234 / 0987000456"), ["+84987000456"]);
    assert_eq!(read("0912000123 091200012"), ["+84912000123"]);
    assert_eq!(read("0912000123 / 19000123 / +12025550123"), ["+84912000123", "+8419000123", "+12025550123"]);
    assert_eq!(read("0912000123 +66812345678"), ["+84912000123", "+66812345678"]);
    assert_eq!(read("+66 81 234 5678 0912000123"), ["+66812345678", "+84912000123"]);
}

#[test]
fn refuses_what_is_no_number() {
    for text in [
        "",
        " ",
        "\u{200b}",
        "abc",
        "0",
        "00",
        "0000000",
        "+",
        "12345",
        "091200012",
        "09120001234",
        "0912 000 123 4",
        "0912000123 456",
        "0912000123 4",
        "0912000123-4",
        "0912,000,123",
        "912,000,123",
        "0912_000_123",
        "9.12E+08",
        "9,12E+08",
        "9,12010123E+9",
        "O9I2OOO123",
        "9.1E",
        "+8400912000123",
        "12025550123",
        "+99 0912000123",
        "+99 (0) 912 000 123",
        "0800001234",
        "0123456789",
        "01610001234",
        "20240131",
        "001200001234",
        "3000123",
        "0430000",
        "430000123",
        "613000123",
        "0610000123",
        "0611000123",
        "+841234000",
        "000912000123",
        "00912000123",
        "+84 84 912000123",
        "0084",
        "+84",
        "0912.0E3",
        "2020-01-31",
        "31/01/2020",
        "KH000123",
        "1022 / 113",
        "0890001234",
        "0992001234",
        "0710001234",
        "0550001234",
        "0520001234",
        "012.345.678",
    ] {
        assert_eq!(read(text), Vec::<String>::new(), "{text:?}");
        assert!(reason(text).is_some(), "{text:?}");
    }
    assert_eq!(reason(""), Some(PhoneReject::Empty));
    assert_eq!(reason("\u{200b} \u{a0}"), Some(PhoneReject::Empty));
    assert_eq!(reason("không có"), Some(PhoneReject::NoDigits));
    assert_eq!(reason("0000000000"), Some(PhoneReject::Zeros));
    assert_eq!(reason("1022"), Some(PhoneReject::Short));
    assert_eq!(reason("12345"), Some(PhoneReject::TooShort));
    assert_eq!(reason("9.12E+08"), Some(PhoneReject::PrecisionLost));
    assert_eq!(reason("09120001234"), Some(PhoneReject::NotANumber));
}

#[test]
fn a_mask_never_gives_a_number() {
    for text in [
        "091****123",
        "0912***000123",
        "(+84)91******23",
        "09xxxxx123",
        "********46",
        "0912*000123",
        "*0912000123",
        "0912000123*",
        "0912000123 / 091****456",
        "0912 xxx 456",
        "0912-XXX-456",
        "09.xx.xx.123",
        "０９１２＊＊＊１２３",
        "0912•••000123",
        "0912●●●123",
        "091200012x",
        "0912000x23",
        "x912000123",
        "0912×××123",
        "0912ｘｘｘ123",
        "+84 91xxxxx23",
        "0912000123 XXX",
        "0912···000123",
        "0912…000123",
        "0912■■■000123",
        "xxxxxxx123",
        "0912 x 000 123",
        "\u{200b}0\u{200b}912*\u{200b}000123",
        "xx0912000123",
        "0912000123xx",
        "84912***000123",
        "0912000123x",
    ] {
        let reading = read_phones(text, &PhoneRules::default());
        assert_eq!(reading.reason, Some(PhoneReject::Masked), "{text:?} gave {reading:?}");
        assert!(reading.phones.is_empty() && read_phone(text, &PhoneRules::default()).is_none(), "{text:?}");
    }
    // Letters that are part of a word hide nothing.
    for text in ["Taxi 0912000123", "Xuân 0912000123", "0912000123 (Alex)", "fax: 0912000123"] {
        assert_eq!(read(text), ["+84912000123"], "{text:?}");
    }
}

#[test]
fn labelled_tax_codes_ids_and_accounts_are_no_phones() {
    for text in [
        "MST 0312345673",
        "MST:0312345673",
        "mst : 0312345673",
        "M.S.T: 0312345673",
        "M.S.T 0312 345 673",
        "MST=0312345673",
        "MST-0312345673",
        "MST.0312345673",
        "(MST) 0312345673",
        "MST (công ty): 0312345673",
        "MST công ty Thử: 0312345673",
        "ＭＳＴ：０３１２３４５６７３",
        "M\u{200b}ST 0312345673",
        "MST 0312345673-001",
        "MST: 0312345673 - 001",
        "MST 03 1234 5673",
        "MST cá nhân: 084305012345",
        "mã số thuế: 0312345673",
        "ma\u{303} so\u{302}\u{301} thue\u{302}\u{301} 0312345673",
        "Mã số thuế của công ty là 0312345673",
        "Mã thuế 0312345673",
        "MASOTHUE0312345673",
        "Tax code: 0312345673",
        "TAX 0312345673",
        "tax id 0312345673",
        "VAT no.: 0312345673",
        "Mã số doanh nghiệp 0312345673",
        "ĐKKD 0312345673",
        "Giấy phép kinh doanh: 0312345673",
        "CCCD: 084305012345",
        "CCCD084305012345",
        "cccd 084 305 012 345",
        "CCCD số 084.305.012.345",
        "Căn cước công dân 084305012345",
        "can cuoc 084305012345",
        "C.C.C.D 0843 0501 2345",
        "số định danh 084305012345",
        "CMND 341 234 567",
        "CMND/CCCD: 341234567",
        "CMTND 341234567",
        "Chứng minh nhân dân: 341234567",
        "chung minh thu 341234567",
        "Hộ chiếu 341234567",
        "Passport: 912000123",
        "STK: 0912000123",
        "S.T.K 0912000123 Vietcombank",
        "Số tài khoản 0912000123",
        "so tai khoan MB Bank: 0912000123",
        "STK ngân hàng MB 0912 000 123",
        "BHXH 7912000123",
    ] {
        let reading = read_phones(text, &PhoneRules::default());
        assert_eq!(reading.reason, Some(PhoneReject::OtherNumber), "{text:?} gave {reading:?}");
        assert_eq!(read_phone(text, &PhoneRules::default()), None, "{text:?}");
    }
    for text in [
        "0912000123 MST 0312345673",
        "0912000123 (MST: 0312345673)",
        "0912000123 - MST: 0312345673-001",
        "MST 0312345673 0912000123",
        "MST 0312345673-001 0912000123",
        "MST: 0312 345 673 0912 000 123",
        "MST 0312345673, 0912000123",
        "MST 0312345673 / 0912.000.123",
        "CCCD 084 305 012 345 0912000123",
        "CMND 341 234 567 091 200 0123",
        "CCCD 084305012345; SĐT 0912000123",
        "STK 0071000123456 - 0912000123",
        "MST 0312345673 đt 0912000123",
        "MST chưa có, gọi 0912000123",
        "không có MST 0912000123",
        "MST: +84912000123",
        "MST/SĐT: 0912000123",
        "tk zalo 0912000123",
        "0912000123 STK 0912000456",
        // Words that only begin like a label.
        "Taxi 0912000123",
        "Masothu 0912000123",
    ] {
        assert_eq!(read(text), ["+84912000123"], "{text:?}");
        assert!(read_phone(text, &PhoneRules::default()).unwrap().is_key, "{text:?}");
    }
    // A label behind the number: kept, but nobody is recognised by it.
    for text in
        ["0312345673 (MST)", "0312345673 MST", "0312345673 - mã số thuế", "0312345673 (MST), 0912000123"]
    {
        let reading = read_phones(text, &PhoneRules::default());
        assert!(reading.phones[0].doubtful && !reading.phones[0].is_key, "{text:?} gave {reading:?}");
        assert!(reading.phones.iter().skip(1).all(|phone| phone.is_key), "{text:?} gave {reading:?}");
    }
    assert!(read_phone("0912000123 MST:", &PhoneRules::default()).unwrap().is_key);
}

#[test]
fn twelve_digits_may_be_a_personal_id() {
    for (text, number) in [
        ("084305012345", "+84305012345"),
        ("084 305 012 345", "+84305012345"),
        ("084.305.012.345", "+84305012345"),
        ("084329012345", "+84329012345"),
        ("084205012345", "+842145012345"),
        // The ids of Hà Giang can be numbers of Mauritius.
        ("002302012345", "+2302012345"),
    ] {
        let phone = read_phone(text, &PhoneRules::default()).unwrap();
        assert_eq!(phone.e164.to_string(), number, "{text}");
        assert!(phone.doubtful && !phone.is_key, "{text}");
    }
    // Nobody was born in 2032; a plus, another length or a second writing leaves no doubt.
    for text in [
        "084332012345",
        "084912000123",
        "+84305012345",
        "84305012345",
        "0305012345",
        "084305012345 / 0305012345",
        "0305012345 / 084305012345",
        "+2302012345",
    ] {
        let reading = read_phones(text, &PhoneRules::default());
        assert!(reading.phones.len() == 1 && reading.phones[0].is_key, "{text} gave {reading:?}");
    }
}

#[test]
fn forms_in_use_are_read_as_ever() {
    for line in include_str!("fixtures/written_forms.tsv").lines() {
        let (text, numbers) = line.split_once('\t').unwrap();
        assert_eq!(read(text).join(" "), numbers, "{text:?}");
        assert!(
            read_phones(text, &PhoneRules::default()).phones.iter().all(|phone| !phone.doubtful),
            "{text:?}"
        );
    }
}

#[test]
fn mobiles_move_as_in_2018() {
    let table: Vec<(u16, u16)> = plan::mobile_renumbering().collect();
    assert_eq!(table.len(), 21);
    for (old, new) in table {
        for tail in ["0001234", "1234567", "9999999", "2000000"] {
            let want = [format!("+84{new}{tail}")];
            for text in [
                format!("0{old}{tail}"),
                format!("{old}{tail}"),
                format!("+84{old}{tail}"),
                format!("84{old}{tail}"),
                format!("0084{old}{tail}"),
                format!("+840{old}{tail}"),
                format!("840{old}{tail}"),
                format!("0{old}.{}.{}", &tail[..3], &tail[3..]),
            ] {
                assert_eq!(read(&text), want, "{text}");
                let phone = read_phone(&text, &PhoneRules::default()).unwrap();
                assert!(phone.migrated && phone.kind == PhoneKind::Mobile && phone.is_key);
            }
        }
    }
    for prefix in (160..=161).chain(180..=185).chain([187, 189]).chain(190..=198).chain(130..=159) {
        if prefix == 180 || prefix == 190 {
            continue; // 1800 and 1900 are hotlines
        }
        assert!(read(&format!("0{prefix}2001234")).is_empty(), "{prefix}");
    }
}

#[test]
fn landlines_move_as_in_2017() {
    let table: Vec<(u16, u16)> = plan::landline_renumbering().collect();
    assert_eq!(table.len(), 35);
    for (old, new) in table {
        let tail = if old == 4 { "30001234" } else { "3000123" };
        let want = [format!("+84{new}{tail}")];
        for text in [
            format!("0{old}{tail}"),
            format!("+84{old}{tail}"),
            format!("84{old}{tail}"),
            format!("0084{old}{tail}"),
            format!("(0{old}) {tail}"),
            format!("+84 (0){old} {tail}"),
        ] {
            assert_eq!(read(&text), want, "{text}");
            let phone = read_phone(&text, &PhoneRules::default()).unwrap();
            assert!(phone.migrated && phone.kind == PhoneKind::Landline && phone.is_key, "{text}");
        }
        // Without the trunk zero nothing says that it is a landline.
        assert!(read(&format!("{old}{tail}")).is_empty(), "{old}");
        // The subscriber part starts with 2 to 9.
        assert!(read(&format!("0{old}1{}", &tail[1..])).is_empty(), "{old}");
    }
    // Today's plan wins where the old form looks like a mobile number.
    for (text, want) in
        [("0313000123", "+84313000123"), ("0363000123", "+84363000123"), ("0583000123", "+84583000123")]
    {
        assert_eq!(read(text), [want]);
    }
    // The satellite range stays.
    let satellite = read_phone("0672123456", &PhoneRules::default()).unwrap();
    assert_eq!(
        (satellite.e164.digits(), satellite.kind, satellite.is_key),
        (84_672_123_456, PhoneKind::Hotline, false)
    );
    assert_eq!(read("0673123456"), ["+842773123456"]);
}

#[test]
fn service_numbers_are_kept_but_are_no_key() {
    for text in [
        "18001234",
        "180012345",
        "1800123456",
        "19001234",
        "190012345",
        "1900123456",
        "12011234",
        "12031234",
        "12281234",
        "6912345",
        "69123456",
        "1991234",
        "7991234",
        "0672123456",
        "+8419001234",
        "8419001234",
        "1900.1234",
        "1900 12 34",
    ] {
        let phone = read_phone(text, &PhoneRules::default()).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((phone.kind, phone.is_key), (PhoneKind::Hotline, false), "{text}");
    }
    for text in ["0121012345", "0121312345", "0140123456", "0160123456"] {
        let phone = read_phone(text, &PhoneRules::default()).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((phone.kind, phone.is_key), (PhoneKind::M2m, false), "{text}");
    }
    for text in ["0121412345", "111", "112", "113", "114", "115", "1022"] {
        assert!(read(text).is_empty(), "{text}");
    }
}

#[test]
fn the_block_list_takes_keys_away() {
    let rules: PhoneRules = serde_json::from_str(
        r#"{"blocked":["0912 000 123"],"blocked_prefixes":["+8498700"],"landline_keys":false}"#,
    )
    .unwrap();
    for (text, key) in
        [("0912000123", false), ("0987000456", false), ("0912345678", true), ("02430000123", false)]
    {
        assert_eq!(read_phone(text, &rules).unwrap().is_key, key, "{text}");
    }
    assert!(serde_json::from_str::<PhoneRules>(r#"{"blocked":["x"]}"#).is_err());
    let back: PhoneRules = serde_json::from_str(&serde_json::to_string(&rules).unwrap()).unwrap();
    assert_eq!(back, rules);
}

#[test]
fn another_country_beside_the_number() {
    let rules = PhoneRules::default();
    let read = |text: &str, region: &str| -> Vec<String> {
        read_phones_in(text, region, &rules).phones.iter().map(|phone| phone.e164.to_string()).collect()
    };
    assert_eq!(read("081 234 5678", "TH"), ["+66812345678"]);
    assert_eq!(read("0812345678", "th"), ["+66812345678"]);
    assert_eq!(read("(202) 555-0123", "US"), ["+12025550123"]);
    assert_eq!(read("+84912000123", "US"), ["+84912000123"]);
    assert_eq!(read("0084912000123", "TH"), ["+84912000123"]);
    assert_eq!(read("0912000123", "VN"), ["+84912000123"]);
    assert_eq!(read("0912000123", "nowhere"), ["+84912000123"]);
    assert_eq!(read("081****678", "TH"), Vec::<String>::new());
    assert_eq!(super_tel("tel:2025550123;phone-context=+1"), ["+12025550123"]);
}

fn super_tel(text: &str) -> Vec<String> {
    read(text)
}

#[test]
fn debug_shows_no_whole_number() {
    let phone = read_phone("0912000123", &PhoneRules::default()).unwrap();
    let text = format!("{phone:?}");
    assert!(text.contains("+84…23") && !text.contains("912000"), "{text}");
    for (digits, code) in
        [(12_025_550_123, 1), (66_812_345_678, 66), (24_106_031_234, 241), (84_912_000_123, 84)]
    {
        assert_eq!(E164::new(digits).unwrap().country_code(), code);
    }
    assert_eq!("+84912000123".parse::<E164>().unwrap().digits(), 84_912_000_123);
    for text in ["84912000123", "+0912000123", "+84 912000123", "+", "+1234567890123456", "+12345"] {
        assert!(text.parse::<E164>().is_err(), "{text}");
    }
}

#[test]
fn only_the_beginning_of_a_long_field_is_read() {
    let rules = PhoneRules::default();
    let long = format!("{}0912000123", "-".repeat(100));
    assert!(read(&long).is_empty());
    // A number that the limit cuts is none: 0121000123|4 would be another one.
    let cut = format!("{}01210001234", "/".repeat(54));
    assert!(read(&cut).is_empty(), "{:?}", read(&cut));
    let cut = format!("{}1900 0001 23", "/".repeat(55));
    assert!(read(&cut).is_empty(), "{:?}", read(&cut));
    let fits = format!("{}0912000123", "/".repeat(54));
    assert_eq!(read(&fits), ["+84912000123"]);
    for unit in
        ["0", "9", "0912000123 ", "+84", "x", "*", "1+", "0912000123/", "\u{200b}", "９", "ẻ", "\u{202e}1"]
    {
        let megabyte = unit.repeat(1_048_576 / unit.len());
        let _ = read_phone(&megabyte, &rules);
        assert!(read_phones(&megabyte, &rules).phones.len() <= MAX_PHONES, "{unit:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any mix of separators, country-code forms and full-width digits is the same number.
    #[test]
    fn written_forms_do_not_matter(
        nsn in prop_oneof!["9[0-8][0-9]{7}", "3[0-9]{8}", "8[1-8][0-9]{7}", "7[06-9][0-9]{7}"],
        form in 0..7usize,
        wide in any::<bool>(),
        gaps in proptest::collection::vec((1..12usize, prop::sample::select(vec![
            " ", ".", "-", "  ", "\u{a0}", "\u{2009}", "\u{200b}", "–", "\u{202d}", "(", ")", " - ", "\t", "\u{3000}",
        ])), 0..5),
    ) {
        let mut text = match form {
            0 => format!("0{nsn}"), 1 => format!("84{nsn}"), 2 => format!("+84{nsn}"), 3 => format!("0084{nsn}"),
            4 => format!("+840{nsn}"), 5 => format!("840{nsn}"), _ => nsn.clone(),
        };
        let dots = gaps.iter().filter(|(_, gap)| *gap == ".").count();
        for (at, gap) in gaps {
            let at = text.char_indices().map(|(i, _)| i).filter(|&i| i > 0).nth(at).unwrap_or(text.len());
            text.insert_str(at, gap);
        }
        if wide {
            text = text.chars().map(|c| if c.is_ascii_digit() || c == '+' {
                char::from_u32(c as u32 + 0xfee0).unwrap()
            } else { c }).collect();
        }
        // One dot before zeros at the end is a float by rule.
        prop_assume!(dots != 1 || !text.ends_with('0') && !text.ends_with('０'));
        prop_assert_eq!(read(&text), vec![format!("+84{nsn}")], "{:?}", text);
    }

    /// Reading what was read changes nothing; nothing panics; both readers agree; masks give nothing.
    #[test]
    fn reading_is_stable(text in "[0-9+xX*OolI .,;/()\\-A-Fa-f\u{a0}\u{200b}０-９ạ-ỹ]{0,40}") {
        let rules = PhoneRules::default();
        let reading = read_phones(&text, &rules);
        prop_assert_eq!(read_phone(&text, &rules), reading.phones.first().copied());
        prop_assert_eq!(reading.phones.is_empty(), reading.reason.is_some());
        let mut each = Vec::new();
        let reason = for_each_phone(&text, &rules, |phone| each.push(phone));
        prop_assert_eq!(&each, &reading.phones);
        prop_assert_eq!(reason, reading.reason);
        if text.contains('*') {
            prop_assert!(reading.phones.is_empty());
        }
        for phone in &reading.phones {
            let again = read_phones(&phone.e164.to_string(), &rules);
            prop_assert_eq!(again.phones.len(), 1);
            prop_assert_eq!(again.phones[0].e164, phone.e164);
            prop_assert!(!again.phones[0].migrated);
            prop_assert_eq!(again.phones[0].kind, phone.kind);
        }
        // White space round the field sends it down the full path.
        prop_assert_eq!(read_phones(&format!("\u{200b}{text}\u{feff}"), &rules).phones, reading.phones);
    }
}
