//! The Vietnamese number plan: one table, read by `phone.rs` and by nothing else.
//!
//! The open ranges follow the metadata of libphonenumber; the two renumberings (landlines 2017, mobiles 2018)
//! are the ones of the ministry's decisions. To follow a new version of the metadata, change the ranges here,
//! then the version and the date; the differential test says when they are out of date.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Version of the libphonenumber metadata that the open ranges were checked against.
pub const PLAN_METADATA: &str = "9.0.43";

/// Day of that check.
pub const PLAN_DATE: &str = "2026-11-21";

/// Mobile ranges, first three digits of a national number of nine digits, inclusive.
const MOBILE: &[(usize, usize)] = &[
    (300, 399),
    (510, 519),
    (522, 523),
    (528, 528),
    (559, 559),
    (560, 569),
    (580, 599),
    (700, 709),
    (760, 799),
    (810, 889),
    (896, 899),
    (900, 991),
    (993, 999),
];

/// Landline area codes, first three digits of a national number of ten digits, inclusive.
const LANDLINE: &[(usize, usize)] = &[
    (203, 209),
    (210, 216),
    (218, 219),
    (220, 222),
    (225, 229),
    (232, 239),
    (242, 248),
    (251, 252),
    (254, 259),
    (260, 263),
    (269, 269),
    (270, 277),
    (282, 289),
    (290, 294),
    (296, 297),
    (299, 299),
];

/// The mobile renumbering of 2018: old three digits (of ten), new two digits (of nine).
const MOBILE_2018: &[(usize, u16)] = &[
    (120, 70),
    (121, 79),
    (122, 77),
    (126, 76),
    (128, 78),
    (123, 83),
    (124, 84),
    (125, 85),
    (127, 81),
    (129, 82),
    (162, 32),
    (163, 33),
    (164, 34),
    (165, 35),
    (166, 36),
    (167, 37),
    (168, 38),
    (169, 39),
    (186, 56),
    (188, 58),
    (199, 59),
];

/// The landline renumbering of 2017, only the 35 codes whose old form cannot be a number of today.
/// The others (033, 08 …) look like today's mobiles, and today's plan wins.
const LANDLINE_2017: &[(usize, u16)] = &[
    (240, 204),
    (25, 205),
    (26, 206),
    (27, 207),
    (280, 208),
    (281, 209),
    (22, 212),
    (231, 213),
    (20, 214),
    (230, 215),
    (29, 216),
    (320, 220),
    (321, 221),
    (241, 222),
    (351, 226),
    (350, 228),
    (510, 235),
    (511, 236),
    (4, 24),
    (61, 251),
    (62, 252),
    (64, 254),
    (68, 259),
    (60, 260),
    (501, 261),
    (500, 262),
    (63, 263),
    (651, 271),
    (650, 274),
    (66, 276),
    (67, 277),
    (780, 290),
    (781, 291),
    (710, 292),
    (711, 293),
];

// Cells of the two look-up tables. Values from RENUMBERED on carry the new code.
const CLOSED: u16 = 0;
const OPEN: u16 = 1;
const M2M: u16 = 2;
const M2M_0_TO_3: u16 = 3;
const SATELLITE: u16 = 4;
const HOTLINE_0: u16 = 5;
const RENUMBERED_MOBILE: u16 = 100;
const RENUMBERED: u16 = 1000;

const fn fill(mut table: [u16; 1000], ranges: &[(usize, usize)], cell: u16) -> [u16; 1000] {
    let mut i = 0;
    while i < ranges.len() {
        let mut prefix = ranges[i].0;
        while prefix <= ranges[i].1 {
            table[prefix] = cell;
            prefix += 1;
        }
        i += 1;
    }
    table
}

/// By the first three digits of a national number of nine digits.
static NINE: [u16; 1000] = {
    let mut table = fill([CLOSED; 1000], MOBILE, OPEN);
    let mut i = 0;
    while i < LANDLINE_2017.len() {
        let (old, new) = LANDLINE_2017[i];
        // The subscriber part (seven digits, eight in Hanoi) starts with 2 to 9; in Hanoi no number of today starts
        // with 9.
        if old < 10 {
            table = fill(table, &[(old * 100 + 20, old * 100 + 89)], RENUMBERED + new);
        } else if old < 100 {
            table = fill(table, &[(old * 10 + 2, old * 10 + 9)], RENUMBERED + new);
        }
        i += 1;
    }
    table[121] = M2M_0_TO_3;
    table[140] = M2M;
    table[160] = M2M;
    table[180] = HOTLINE_0;
    table[190] = HOTLINE_0;
    table[672] = SATELLITE;
    table
};

/// By the first three digits of a national number of ten digits.
static TEN: [u16; 1000] = {
    let mut table = fill([CLOSED; 1000], LANDLINE, OPEN);
    let mut i = 0;
    while i < LANDLINE_2017.len() {
        let (old, new) = LANDLINE_2017[i];
        if old >= 100 {
            table[old] = RENUMBERED + new;
        }
        i += 1;
    }
    i = 0;
    while i < MOBILE_2018.len() {
        let (old, new) = MOBILE_2018[i];
        table[old] = RENUMBERED_MOBILE + new;
        i += 1;
    }
    table[180] = HOTLINE_0;
    table[190] = HOTLINE_0;
    table
};

/// What sort of line a number is.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PhoneKind {
    /// A Vietnamese mobile number.
    Mobile,
    /// A Vietnamese fixed line, often shared by a household or an office.
    Landline,
    /// A number of a machine (meters, trackers): never a key.
    M2m,
    /// A service number (1800, 1900, ministries, satellite): never a key.
    Hotline,
    /// A valid number of another country.
    Foreign,
}

impl PhoneKind {
    /// The name used by serde.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Landline => "landline",
            Self::M2m => "m2m",
            Self::Hotline => "hotline",
            Self::Foreign => "foreign",
        }
    }

    /// Whether identity may use numbers of this sort at all.
    pub const fn may_be_key(self) -> bool {
        matches!(self, Self::Mobile | Self::Landline | Self::Foreign)
    }
}

impl fmt::Display for PhoneKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the plan says of a national number.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Planned {
    /// The whole number of today, country code included.
    pub(super) e164: u64,
    pub(super) kind: PhoneKind,
    /// Written in a plan that is gone.
    pub(super) migrated: bool,
    /// The digits may as well be no telephone number at all.
    pub(super) doubtful: bool,
}

const fn planned(country_and_number: u64, kind: PhoneKind, migrated: bool) -> Option<Planned> {
    Some(Planned { e164: country_and_number, kind, migrated, doubtful: false })
}

/// Reads a national significant number: `nsn` is its value, `len` its count of digits (no trunk zero).
///
/// `explicit` says that a trunk zero or the country code stood before it; without one an old landline form is
/// not recognised, because nothing tells it from other digits.
#[inline]
pub(super) fn classify(nsn: u64, len: u32, explicit: bool) -> Option<Planned> {
    match len {
        9 => {
            let prefix = (nsn / 1_000_000) as usize;
            let international = 84_000_000_000 + nsn;
            match *NINE.get(prefix)? {
                OPEN => planned(international, PhoneKind::Mobile, false),
                CLOSED => None,
                M2M => planned(international, PhoneKind::M2m, false),
                M2M_0_TO_3 if nsn / 100_000 % 10 <= 3 => planned(international, PhoneKind::M2m, false),
                SATELLITE => planned(international, PhoneKind::Hotline, false),
                HOTLINE_0 if (nsn / 100_000).is_multiple_of(10) => {
                    planned(international, PhoneKind::Hotline, false)
                }
                cell if cell >= RENUMBERED && explicit => {
                    let code = u64::from(cell - RENUMBERED);
                    let subscriber = if code == 24 { 100_000_000 } else { 10_000_000 };
                    planned(840_000_000_000 + code * subscriber + nsn % subscriber, PhoneKind::Landline, true)
                }
                _ => None,
            }
        }
        10 => {
            let prefix = (nsn / 10_000_000) as usize;
            let next = nsn / 1_000_000 % 10;
            let international = 840_000_000_000 + nsn;
            match *TEN.get(prefix)? {
                OPEN => planned(international, PhoneKind::Landline, false),
                CLOSED => None,
                HOTLINE_0 if next == 0 => planned(international, PhoneKind::Hotline, false),
                cell if cell >= RENUMBERED => {
                    if explicit && next >= 2 {
                        let code = u64::from(cell - RENUMBERED);
                        planned(
                            840_000_000_000 + code * 10_000_000 + nsn % 10_000_000,
                            PhoneKind::Landline,
                            true,
                        )
                    } else {
                        None
                    }
                }
                cell if cell >= RENUMBERED_MOBILE => {
                    let code = u64::from(cell - RENUMBERED_MOBILE);
                    planned(84_000_000_000 + code * 10_000_000 + nsn % 10_000_000, PhoneKind::Mobile, true)
                }
                _ => None,
            }
        }
        8 => match (nsn / 10_000, nsn / 1_000_000) {
            (1800 | 1900 | 1201 | 1203 | 1228, _) | (_, 69) => {
                planned(8_400_000_000 + nsn, PhoneKind::Hotline, false)
            }
            _ => None,
        },
        7 => match (nsn / 10_000, nsn / 100_000) {
            (199 | 799, _) | (_, 69) => planned(840_000_000 + nsn, PhoneKind::Hotline, false),
            _ => None,
        },
        _ => None,
    }
}

/// Whether twelve digits have the form of a personal id: the province of birth, the century with the sex, the year.
///
/// Only provinces are named whose ids can be read as a number: `084` as the country code behind a trunk zero, `00x` as
/// the international prefix. In this century nobody was born after its twenties.
pub(crate) fn is_personal_id(digits: u64) -> bool {
    let (province, century, year) =
        (digits / 1_000_000_000, digits / 100_000_000 % 10, digits / 1_000_000 % 100);
    matches!(province, 1 | 2 | 4 | 6 | 8 | 84) && (century < 2 || century < 4 && year < 30)
}

/// Whether the digits are a Vietnamese tax code with its check digit right: ten, or thirteen with the number of a branch.
pub(crate) fn is_tax_code(digits: &str) -> bool {
    const WEIGHTS: [u32; 9] = [31, 29, 23, 19, 17, 13, 7, 5, 3];
    if !matches!(digits.len(), 10 | 13) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let mut values = digits.bytes().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = WEIGHTS.iter().zip(values.by_ref()).map(|(weight, digit)| weight * digit).sum();
    values.next() == 10u32.checked_sub(sum % 11)
}

/// The old mobile prefixes with what became of them, for tests and for documentation.
pub fn mobile_renumbering() -> impl Iterator<Item = (u16, u16)> {
    MOBILE_2018.iter().map(|&(old, new)| (old as u16, new))
}

/// The old landline codes that are still read, with what became of them.
pub fn landline_renumbering() -> impl Iterator<Item = (u16, u16)> {
    LANDLINE_2017.iter().map(|&(old, new)| (old as u16, new))
}
