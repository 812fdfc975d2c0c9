//! Names of people as shops type them.

use super::clean;

/// What a name field holds.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct NameReading {
    /// A name fit for a CRM.
    pub name: Option<String>,
    /// The field as it came, trimmed.
    pub raw: Option<String>,
    /// Whether the vendor hid the name behind stars.
    pub masked: bool,
    /// Whether it is a word that shops type for "nobody in particular".
    pub placeholder: bool,
}

crate::debug_only!(NameReading { masked, placeholder });

/// Words that stand for an unknown buyer, lower case, with and without diacritics.
const PLACEHOLDERS: &[&str] = &[
    "khách lẻ",
    "khach le",
    "khách vãng lai",
    "khach vang lai",
    "khách mua lẻ",
    "khach mua le",
    "vãng lai",
    "vang lai",
    "khách hàng",
    "khach hang",
    "khách",
    "khach",
    "khách hàng lẻ",
    "khach hang le",
    "khách ẩn danh",
    "ẩn danh",
    "an danh",
    "guest",
    "walk-in",
    "walk in",
    "walk-in customer",
    "no name",
    "noname",
    "unknown",
    "anonymous",
    "không tên",
    "khong ten",
    "không có tên",
    "n/a",
    "null",
    "none",
];

/// Decides whether a name field holds a name.
///
/// ```
/// use pos_core::record::read_name;
///
/// assert_eq!(read_name(Some(" Lê  Quốc Bảo ")).name.as_deref(), Some("Lê Quốc Bảo"));
/// assert!(read_name(Some("T******n")).masked);
/// assert!(read_name(Some("Khách lẻ")).placeholder);
/// assert_eq!(read_name(Some("0912 000 123")).name, None);
/// ```
pub fn read_name(raw: Option<&str>) -> NameReading {
    raw.and_then(clean).map(NameReading::of).unwrap_or_default()
}

impl NameReading {
    /// Reads a text that is clean already.
    pub(crate) fn of(raw: String) -> Self {
        // Both signs begin with this byte.
        let hides = raw.bytes().any(|byte| matches!(byte, b'*' | 0xe2));
        let masked = hides && (raw.contains("**") || raw.contains("••") || raw.contains("●●"));
        let placeholder = is_placeholder(&raw);
        let letters = raw.chars().any(char::is_alphabetic);
        let name = (!masked && !placeholder && letters && !is_dialled(&raw)).then(|| raw.clone());
        Self { name, raw: Some(raw), masked, placeholder }
    }
}

fn is_placeholder(raw: &str) -> bool {
    if raw.len() > 32 {
        return false;
    }
    // Nearly every name is none by its first two letters.
    let mut letters = raw.chars().skip_while(|c| !c.is_alphanumeric()).flat_map(char::to_lowercase);
    let start = (letters.next(), letters.next());
    if !matches!(start.0, Some('a' | 'ẩ' | 'g' | 'k' | 'n' | 'u' | 'v' | 'w')) {
        return false;
    }
    let begins = |word: &&str| {
        let mut letters = word.chars();
        (letters.next(), letters.next()) == start
    };
    PLACEHOLDERS.iter().any(begins) && {
        let lower = raw.to_lowercase();
        PLACEHOLDERS.contains(&lower.trim_matches(|c: char| !c.is_alphanumeric()))
    }
}

/// Whether the text is a phone number in disguise: digits with at most a stray letter.
fn is_dialled(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 8 && text.chars().filter(|c| c.is_alphabetic()).count() * 4 <= digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_and_placeholders_are_not() {
        for name in ["Chị Thu (chợ Bến Mẫu)", "Công ty TNHH 1 Thành Viên", "An", "Khách quen Lan"]
        {
            assert_eq!(read_name(Some(name)).name.as_deref(), Some(name));
        }
        for nobody in ["Khách lẻ", "KHÁCH VÃNG LAI", "guest", "-", "", "  ", "0912.000.123", "Khách lẻ."]
        {
            assert_eq!(read_name(Some(nobody)).name, None, "{nobody}");
        }
        for word in PLACEHOLDERS {
            for text in [word.to_uppercase(), format!("({word})"), format!(" {word} ...")] {
                assert!(read_name(Some(&text)).placeholder, "{text}");
            }
        }
        assert_eq!(read_name(Some("Q******o")).raw.as_deref(), Some("Q******o"));
        assert_eq!(read_name(Some("Q******o")).name, None);
    }
}
