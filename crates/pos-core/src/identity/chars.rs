//! What the phone and the e-mail reader share about single characters.

/// Zero-width, bidi and other format characters, and what emoji key caps leave behind: dropped everywhere.
pub(super) fn is_format(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{20e3}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Characters that marketplaces put where they hide something.
pub(super) fn is_mask(c: char) -> bool {
    matches!(
        c,
        '*' | '\u{66d}' | '\u{2022}' | '\u{2024}'..='\u{2027}' | '\u{203b}' | '\u{204e}' | '\u{2051}' | '\u{2217}'
            | '\u{2219}' | '\u{22c6}' | '\u{2588}' | '\u{2591}'..='\u{2593}' | '\u{25a0}' | '\u{25a1}'
            | '\u{25aa}' | '\u{25ab}' | '\u{25cb}' | '\u{25cf}' | '\u{25e6}' | '\u{2605}' | '\u{2606}' | '\u{2731}'
            | '\u{2736}' | '\u{273b}' | '\u{274b}' | '\u{fe61}' | '\u{ff0a}'
    )
}

/// The value of a decimal digit of any script that a keyboard in use may send.
pub(super) fn digit(c: char) -> Option<u8> {
    const ZEROS: [u32; 16] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20,
        0x1040, 0x17e0,
    ];
    let code = u32::from(c);
    if c.is_ascii_digit() {
        return Some((code - 0x30) as u8);
    }
    ZEROS.iter().find(|&&zero| (zero..zero + 10).contains(&code)).map(|&zero| (code - zero) as u8)
}
