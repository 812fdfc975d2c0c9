//! `locationName`: province and district in one text.

use pos_core::record::{Address, clean, clean_opt};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Provinces whose own names hold the separator, folded.
const DOUBLE: [(&str, &str); 2] = [("ba ria", "vung tau"), ("thua thien", "hue")];

/// Lower case without diacritics, whatever the normal form.
pub(crate) fn fold(text: &str) -> String {
    let plain = |c: char| if c == 'đ' { 'd' } else { c };
    let folded: String =
        text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).map(plain).collect();
    clean(&folded).unwrap_or_default()
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// The parts between dashes that have a blank on either side, each with where it ends.
fn parts(location: &str) -> Vec<(&str, usize)> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, dash) in location.char_indices().filter(|(_, c)| is_dash(*c)) {
        let after = at + dash.len_utf8();
        if at > from && location[..at].ends_with(' ') && location[after..].starts_with(' ') {
            parts.push((location[from..at].trim(), at));
            from = after;
        }
    }
    parts.push((location[from..].trim(), location.len()));
    parts
}

/// Whether the first letters of two parts let them be one province.
fn may_be_double(first: &str, second: &str) -> bool {
    let may_be = |part: &str, letters: &[char]| {
        part.starts_with(|c: char| !c.is_ascii() || letters.contains(&c.to_ascii_lowercase()))
    };
    may_be(first, &['b', 't']) && may_be(second, &['v', 'h'])
}

/// Whether two parts are one province.
fn is_double(first: &str, second: &str) -> bool {
    if !may_be_double(first, second) {
        return false;
    }
    let first = fold(first);
    let bare = first.strip_prefix("tinh ").unwrap_or(&first);
    DOUBLE.iter().any(|double| (bare, fold(second).as_str()) == *double)
}

/// Whether the text has nothing but letters that are whole in normal form C: ASCII, and Latin as Vietnamese writes it.
fn is_composed(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        0..=0xcb => true,
        0xe1 => matches!(bytes.get(at + 1), Some(0xb8..=0xbb)),
        _ => false,
    })
}

fn trimmed(text: &str) -> Option<String> {
    clean(text.trim_matches(|c: char| c.is_whitespace() || is_dash(c)))
}

/// Splits `Province - District`. Some provinces have the separator in their own names, in any case and normal form.
pub(crate) fn split(location: &str) -> (Option<String>, Option<String>) {
    // A separator before or behind everything separates nothing.
    if is_composed(location) {
        split_composed(location)
    } else {
        split_composed(&location.nfc().collect::<String>())
    }
}

fn split_composed(location: &str) -> (Option<String>, Option<String>) {
    let Some(location) = trimmed(location) else { return (None, None) };
    if is_composed(&location) {
        // It has no dash but the hyphen.
        let at = location.as_bytes().windows(3).position(|three| three == b" - ");
        let halves = at.and_then(|at| Some((location.get(..at)?, location.get(at + 3..)?)));
        match halves {
            None => return (Some(location), None),
            Some((province, district)) if !may_be_double(province, district) => {
                return (trimmed(province), trimmed(district));
            }
            Some(_) => {}
        }
    }
    let parts = parts(&location);
    let province = match parts[..] {
        [(first, _), (second, end), ..] if is_double(first, second) => end,
        [(_, end), ..] => end,
        [] => location.len(),
    };
    (trimmed(&location[..province]), trimmed(&location[province..]))
}

/// Province and district as [`split`] reads them back. A dash that would be taken for the separator loses its blanks.
pub(crate) fn join(address: &Address) -> Option<String> {
    let province = address.province.as_deref().and_then(trimmed)?;
    let whole = match parts(&province)[..] {
        [_] => province.clone(),
        [(first, _), (second, _)] if is_double(first, second) => province.clone(),
        ref several => several.iter().map(|(part, _)| *part).collect::<Vec<_>>().join("-"),
    };
    Some(match address.district.as_deref().and_then(trimmed) {
        Some(district) => format!("{whole} - {district}"),
        None => whole,
    })
}

/// House and street, else the whole address in one line; with the district where no province can carry it.
pub(crate) fn street(address: &Address) -> Option<String> {
    let street = clean_opt(address.street.as_deref());
    let district = clean_opt(address.district.as_deref()).filter(|_| join(address).is_none());
    match (street, district) {
        (Some(street), Some(district)) => Some(format!("{street}, {district}")),
        (Some(street), None) => Some(street),
        (None, district) => clean_opt(address.text.as_deref()).or(district),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(province: &str, district: &str) -> (Option<String>, Option<String>) {
        (clean(province), clean(district))
    }

    #[test]
    fn provinces_with_a_dash_in_their_names_stay_whole() {
        for (location, province, district) in [
            ("Hồ Chí Minh - Quận 3", "Hồ Chí Minh", "Quận 3"),
            ("Thừa Thiên - Huế - Thành phố Huế", "Thừa Thiên - Huế", "Thành phố Huế"),
            ("Thừa Thiên - Huế", "Thừa Thiên - Huế", ""),
            ("Thừa Thiên Huế - Thành phố Huế", "Thừa Thiên Huế", "Thành phố Huế"),
            ("Tỉnh Thừa Thiên – Huế – Hương Thủy", "Tỉnh Thừa Thiên – Huế", "Hương Thủy"),
            ("BÀ RỊA - VŨNG TÀU - TP. VŨNG TÀU", "BÀ RỊA - VŨNG TÀU", "TP. VŨNG TÀU"),
            ("ba ria -  vung tau - Xuyên Mộc", "ba ria - vung tau", "Xuyên Mộc"),
            ("Bà Rịa-Vũng Tàu - Thành phố Bà Rịa", "Bà Rịa-Vũng Tàu", "Thành phố Bà Rịa"),
            ("Đắk Lắk - Buôn Ma Thuột - Tân Lợi", "Đắk Lắk", "Buôn Ma Thuột - Tân Lợi"),
            ("Hà Nội -", "Hà Nội", ""),
            ("Bà Rịa - Vũng Tàu - ", "Bà Rịa - Vũng Tàu", ""),
            ("Bà Rịa - Vũng Tàu -", "Bà Rịa - Vũng Tàu", ""),
            (" - Thừa Thiên – Huế – ", "Thừa Thiên – Huế", ""),
            (" - Quận 3", "Quận 3", ""),
            ("", "", ""),
        ] {
            let decomposed: String = location.nfd().collect();
            assert_eq!(split(location), told(province, district), "{location}");
            assert_eq!(split(&decomposed), told(province, district), "{location}, decomposed");
        }
    }

    #[test]
    fn a_text_that_is_called_composed_is() {
        for code in 0..0x3000 {
            let text = char::from_u32(code).map(String::from).unwrap_or_default();
            assert!(!is_composed(&text) || text.nfc().eq(text.chars()), "{code:x}");
        }
        assert!(is_composed("Thừa Thiên - Huế, Đắk Lắk") && !is_composed("Huê\u{301}"));
    }

    #[test]
    fn what_is_written_splits_back_into_itself() {
        for (province, district) in [
            ("Hồ Chí Minh", "Quận 3"),
            ("Thừa Thiên - Huế", "Thành phố Huế"),
            ("Thừa Thiên - Huế", ""),
            ("BÀ RỊA - VŨNG TÀU", "Vũng Tàu"),
            ("Tỉnh Bà Rịa – Vũng Tàu", "Vũng Tàu - Phường 1"),
            ("Lâm Đồng", ""),
        ] {
            let mut address = Address::default();
            (address.province, address.district) = told(province, district);
            assert_eq!(split(&join(&address).unwrap()), told(province, district));
        }
        let mut address = Address::default();
        (address.province, address.district) = told("Miền Tây - Nam", "Huyện - Lớn");
        let (province, district) = split(&join(&address).unwrap());
        assert_eq!((province.as_deref(), district.as_deref()), (Some("Miền Tây-Nam"), Some("Huyện - Lớn")));
        address.province = None;
        assert_eq!((join(&address), street(&address).as_deref()), (None, Some("Huyện - Lớn")));
    }
}
