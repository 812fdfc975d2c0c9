//! Places as Odoo keeps them: one line or two, a town, a province of its own table, a country. There is no ward and no district
//! (M19b).

/// The system of the codes in addresses: ids of `res.country.state`, which differ between servers.
pub(crate) const PLACES: &str = "odoo";

/// Whether a second line of an address names a ward.
pub(crate) fn is_ward(text: &str) -> bool {
    let text = text.to_lowercase();
    ["phường ", "xã ", "thị trấn ", "đặc khu ", "p. ", "p."].iter().any(|word| text.starts_with(word))
}

/// Whether a country means Viet Nam. What is blank is taken for it: the shops are there.
pub(crate) fn is_vietnam(country: Option<&str>) -> bool {
    let country = country.map(|country| country.trim().to_lowercase()).unwrap_or_default();
    matches!(country.as_str(), "" | "vn" | "vietnam" | "viet nam" | "việt nam" | "viêt nam" | "viêtnam")
}

/// A province as a reference shows it, without the country behind it: `Hà Nội (VN)` (M19).
pub(crate) fn province(label: &str) -> String {
    let bare = label.trim().strip_suffix(')').and_then(|text| text.rsplit_once(" ("));
    match bare {
        Some((name, code)) if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            name.to_owned()
        }
        _ => label.trim().to_owned(),
    }
}

/// The name of a province without what stands before it, in lower case: `TP Hồ Chí Minh` and `Thành phố Hồ Chí Minh` are one.
pub(crate) fn bare(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let before = ["thành phố ", "tỉnh ", "tp. ", "tp ", "tp."];
    before.iter().find_map(|word| name.strip_prefix(word)).unwrap_or(&name).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provinces_lose_their_country_and_their_rank() {
        assert_eq!(province("Hà Nội (VN)"), "Hà Nội");
        assert_eq!(province("Thừa Thiên - Huế"), "Thừa Thiên - Huế");
        assert_eq!(province("X (abc)"), "X (abc)");
        assert_eq!(bare("TP Hồ Chí Minh"), bare("Thành phố Hồ Chí Minh"));
    }
}
