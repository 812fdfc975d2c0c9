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
    let Some(raw) = raw.and_then(clean) else { return NameReading::default() };
    let masked = raw.contains("**") || raw.contains("••") || raw.contains("●●");
    let placeholder = raw.len() <= 32 && {
        let lower = raw.to_lowercase();
        PLACEHOLDERS.contains(&lower.trim_matches(|c: char| !c.is_alphanumeric()))
    };
    let letters = raw.chars().any(char::is_alphabetic);
    let name = (!masked && !placeholder && letters && !is_dialled(&raw)).then(|| raw.clone());
    NameReading { name, raw: Some(raw), masked, placeholder }
}

/// Whether the text is a phone number in disguise: digits with at most a stray letter.
fn is_dialled(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    digits >= 8 && letters * 4 <= digits
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
        assert_eq!(read_name(Some("Q******o")).raw.as_deref(), Some("Q******o"));
        assert_eq!(read_name(Some("Q******o")).name, None);
    }
}
