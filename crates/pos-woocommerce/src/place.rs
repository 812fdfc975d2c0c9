//! Provinces as the checkout plugins of Viet Nam write them: the core of WooCommerce has no list of its own.

/// The 63 provinces of before July 2025: `HOCHIMINH` of one plugin and `HO-CHI-MINH` of the other are one key without its
/// dashes.
const PROVINCES: &[(&str, &str)] = &[
    ("ANGIANG", "An Giang"),
    ("BACGIANG", "Bắc Giang"),
    ("BACKAN", "Bắc Kạn"),
    ("BACLIEU", "Bạc Liêu"),
    ("BACNINH", "Bắc Ninh"),
    ("BARIAVUNGTAU", "Bà Rịa - Vũng Tàu"),
    ("BENTRE", "Bến Tre"),
    ("BINHDINH", "Bình Định"),
    ("BINHDUONG", "Bình Dương"),
    ("BINHPHUOC", "Bình Phước"),
    ("BINHTHUAN", "Bình Thuận"),
    ("CAMAU", "Cà Mau"),
    ("CANTHO", "Cần Thơ"),
    ("CAOBANG", "Cao Bằng"),
    ("DAKLAK", "Đắk Lắk"),
    ("DAKNONG", "Đắk Nông"),
    ("DANANG", "Đà Nẵng"),
    ("DIENBIEN", "Điện Biên"),
    ("DONGNAI", "Đồng Nai"),
    ("DONGTHAP", "Đồng Tháp"),
    ("GIALAI", "Gia Lai"),
    ("HAGIANG", "Hà Giang"),
    ("HAIDUONG", "Hải Dương"),
    ("HAIPHONG", "Hải Phòng"),
    ("HANAM", "Hà Nam"),
    ("HANOI", "Hà Nội"),
    ("HATINH", "Hà Tĩnh"),
    ("HAUGIANG", "Hậu Giang"),
    ("HOABINH", "Hòa Bình"),
    ("HOCHIMINH", "Hồ Chí Minh"),
    ("HUNGYEN", "Hưng Yên"),
    ("KHANHHOA", "Khánh Hòa"),
    ("KIENGIANG", "Kiên Giang"),
    ("KONTUM", "Kon Tum"),
    ("LAICHAU", "Lai Châu"),
    ("LAMDONG", "Lâm Đồng"),
    ("LANGSON", "Lạng Sơn"),
    ("LAOCAI", "Lào Cai"),
    ("LONGAN", "Long An"),
    ("NAMDINH", "Nam Định"),
    ("NGHEAN", "Nghệ An"),
    ("NINHBINH", "Ninh Bình"),
    ("NINHTHUAN", "Ninh Thuận"),
    ("PHUTHO", "Phú Thọ"),
    ("PHUYEN", "Phú Yên"),
    ("QUANGBINH", "Quảng Bình"),
    ("QUANGNAM", "Quảng Nam"),
    ("QUANGNGAI", "Quảng Ngãi"),
    ("QUANGNINH", "Quảng Ninh"),
    ("QUANGTRI", "Quảng Trị"),
    ("SOCTRANG", "Sóc Trăng"),
    ("SONLA", "Sơn La"),
    ("TAYNINH", "Tây Ninh"),
    ("THAIBINH", "Thái Bình"),
    ("THAINGUYEN", "Thái Nguyên"),
    ("THANHHOA", "Thanh Hóa"),
    ("THUATHIENHUE", "Thừa Thiên Huế"),
    ("TIENGIANG", "Tiền Giang"),
    ("TRAVINH", "Trà Vinh"),
    ("TUYENQUANG", "Tuyên Quang"),
    ("VINHLONG", "Vĩnh Long"),
    ("VINHPHUC", "Vĩnh Phúc"),
    ("YENBAI", "Yên Bái"),
];

/// What stands in a state field of Viet Nam.
pub(crate) enum State {
    /// The key of a province that is known.
    Province(&'static str),
    /// A key that nobody explained (`vnsg`).
    Key,
    /// A name as somebody typed it.
    Name,
}

pub(crate) fn state(text: &str) -> State {
    let is_key = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    if is_key(text) {
        let key: String = text.chars().filter(|letter| *letter != '-').collect();
        let found = PROVINCES.binary_search_by(|(known, _)| (*known).cmp(key.as_str()));
        if let Ok(at) = found {
            return State::Province(PROVINCES[at].1);
        }
    }
    let of_country = text.len() == 4 && text.starts_with("vn");
    if of_country && text.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return State::Key;
    }
    State::Name
}

/// Whether a text is a code of one of the plugins: digits alone.
pub(crate) fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a second line of an address names a ward.
pub(crate) fn is_ward(text: &str) -> bool {
    let text = text.to_lowercase();
    ["phường ", "xã ", "thị trấn ", "đặc khu "].iter().any(|word| text.starts_with(word))
}

/// Whether a country field means Viet Nam. What is blank is taken for it: the shops are there.
pub(crate) fn is_vietnam(country: Option<&str>) -> bool {
    let country = country.map(|country| country.trim().to_lowercase()).unwrap_or_default();
    matches!(country.as_str(), "" | "vn" | "vietnam" | "viet nam" | "việt nam")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_both_sets_of_keys_are_found_in_it() {
        assert!(PROVINCES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for key in ["THUATHIENHUE", "THUA-THIEN-HUE"] {
            assert!(matches!(state(key), State::Province("Thừa Thiên Huế")));
        }
        assert!(matches!(state("vnsg"), State::Key));
        assert!(matches!(state("Gia Lai"), State::Name));
        assert!(matches!(state("CA"), State::Name));
    }
}
