#![no_main]

use libfuzzer_sys::fuzz_target;
use pos_core::Stream;
use pos_core::record::Record;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (vendor, stream, body) = input;
    let stream = Stream::ALL[usize::from(stream) % Stream::ALL.len()];
    let answer = match vendor % 12 {
        0 => pos_kiotviet::read_answer(stream, body),
        1 => pos_haravan::read_answer(stream, body),
        2 => pos_nhanh::read_answer(stream, body, pos_nhanh::Api::V3),
        3 => pos_nhanh::read_answer(stream, body, pos_nhanh::Api::V2),
        4 => pos_sapo::read_answer(stream, body, pos_sapo::Flavor::Web),
        5 => pos_sapo::read_answer(stream, body, pos_sapo::Flavor::Pos),
        6 => pos_pancake::read_answer(stream, body),
        7 => pos_woocommerce::read_answer(stream, body),
        8 => pos_misa::read_answer(stream, body),
        9 => pos_getfly::read_answer(stream, body),
        10 => pos_manychat::read_answer(stream, body),
        _ => pos_odoo::read_answer(stream, body),
    };
    let Ok(answer) = answer else { return };
    for record in &answer.page.records {
        let kept = serde_json::to_string(record).expect("a record can be kept");
        let again = Record::from_json(stream, &kept).expect("what was kept can be read");
        assert_eq!(&again, record);
    }
});
