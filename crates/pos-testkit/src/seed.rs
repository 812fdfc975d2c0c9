//! Shop data without a database: row `i` is a pure function of the seed and `i`.
//!
//! A shop of a million customers and two million orders therefore takes no memory, two runs with one seed see the same
//! shop, and a test can ask for the truth ([`Shop::totals`], [`Shop::distinct_phones`], [`CustomerRow::keys`]) instead
//! of storing it. Nothing here knows a vendor: a sandbox gives the rows its own ids, codes and wire form.
//!
//! # People
//!
//! All names are put together from lists, all e-mail addresses end in a domain reserved for documentation, and all
//! phone numbers come from one **test range** that has the shape of real numbers, because readers must accept them:
//! mobile numbers are `0` + a two-digit carrier prefix + `00` + five digits, landlines `024` or `028` + `3` + a digit
//! 2-7 + `00` + four digits, and the shop's own number is `028 3800 0001`. A shop has 3.3 million mobile numbers before one
//! repeats. Out of a hundred customers, about
//!
//! | | |
//! |---|---|
//! | 64 | write a plain, spaced, dotted, hyphenated or international number |
//! | 4 | still write an 11-digit number from before 2018 |
//! | 2 | write two numbers into one field |
//! | 2 | are an earlier customer again, under the same number in another form |
//! | 3 | share the number of the customer before them |
//! | 2 | carry the shop's own number, typed in for a walk-in |
//! | 5 | are marketplace buyers with hidden names and numbers |
//! | 3 | are firms with a landline |
//! | 15 | have no number, junk in its place, or only an e-mail address |
//!
//! # Documents
//!
//! Orders and invoices come in blocks of sixteen and share a time line. Invoices refer to the orders of the same block, so that either
//! side is found from the other by arithmetic ([`Shop::order`], [`Shop::invoice`]). Per block: eight orders with one
//! invoice each, one order whose first invoice was cancelled and issued again, one more order with an invoice, one completed
//! without any, one draft, one confirmed, one on its way, one cancelled, and one partly invoiced (or, every other block,
//! with a status that no table explains); besides, two walk-in sales without a customer and two or three counter sales
//! with one. Every forty-eighth invoice has goods brought back.

use std::collections::{BTreeMap, BTreeSet};

use crate::out::Out;

/// The first change in any shop: 2023-01-01 in Viet Nam, as Unix time in milliseconds.
pub const START_MS: i64 = 1_672_506_000_000;
/// From the first to the last creation: 1 065 days.
pub const SPAN_MS: i64 = 1065 * DAY_MS;
/// The latest a seeded row changes after its creation.
pub const MAX_CHANGE_MS: i64 = 30 * DAY_MS;

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

/// Orders and invoices repeat their pattern after this many.
pub const BLOCK: u64 = 16;
/// One invoice out of this many has goods brought back.
pub const INVOICES_PER_RETURN: u64 = 48;

/// The shop's own number as people type it for walk-ins, as E.164 digits.
pub const SHOP_PHONE: u64 = 842_838_000_001;

/// Family names, as written and without diacritics.
const FAMILY: [(&str, &str); 16] = [
    ("Nguyễn", "nguyen"),
    ("Trần", "tran"),
    ("Lê", "le"),
    ("Phạm", "pham"),
    ("Hoàng", "hoang"),
    ("Huỳnh", "huynh"),
    ("Phan", "phan"),
    ("Vũ", "vu"),
    ("Võ", "vo"),
    ("Đặng", "dang"),
    ("Bùi", "bui"),
    ("Đỗ", "do"),
    ("Hồ", "ho"),
    ("Ngô", "ngo"),
    ("Dương", "duong"),
    ("Lý", "ly"),
];
const MIDDLE_SHE: [(&str, &str); 8] = [
    ("Thị", "thi"),
    ("Ngọc", "ngoc"),
    ("Thu", "thu"),
    ("Mai", "mai"),
    ("Kim", "kim"),
    ("Bích", "bich"),
    ("Hồng", "hong"),
    ("Thanh", "thanh"),
];
const MIDDLE_HE: [(&str, &str); 8] = [
    ("Văn", "van"),
    ("Hữu", "huu"),
    ("Đức", "duc"),
    ("Quốc", "quoc"),
    ("Minh", "minh"),
    ("Gia", "gia"),
    ("Công", "cong"),
    ("Xuân", "xuan"),
];
const GIVEN_SHE: [(&str, &str); 16] = [
    ("Lan", "lan"),
    ("Hương", "huong"),
    ("Trang", "trang"),
    ("Thảo", "thao"),
    ("Linh", "linh"),
    ("Hà", "ha"),
    ("Yến", "yen"),
    ("Nhung", "nhung"),
    ("Vy", "vy"),
    ("Châu", "chau"),
    ("Ánh", "anh"),
    ("Dung", "dung"),
    ("Hạnh", "hanh"),
    ("Loan", "loan"),
    ("Phượng", "phuong"),
    ("Quỳnh", "quynh"),
];
const GIVEN_HE: [(&str, &str); 16] = [
    ("Hùng", "hung"),
    ("Dũng", "dung"),
    ("Sơn", "son"),
    ("Tuấn", "tuan"),
    ("Khoa", "khoa"),
    ("Long", "long"),
    ("Bảo", "bao"),
    ("Huy", "huy"),
    ("Nam", "nam"),
    ("Phúc", "phuc"),
    ("Thành", "thanh"),
    ("Toàn", "toan"),
    ("Việt", "viet"),
    ("Khang", "khang"),
    ("Đạt", "dat"),
    ("Lộc", "loc"),
];
const TRADES: [&str; 8] = [
    "Thương Mại",
    "Dịch Vụ",
    "Sản Xuất",
    "Thực Phẩm",
    "Nội Thất",
    "Văn Phòng Phẩm",
    "Thời Trang",
    "Vật Liệu",
];
const FIRMS: [(&str, &str); 8] = [
    ("Ánh Dương Mẫu", "anhduong"),
    ("Bình Minh Mẫu", "binhminh"),
    ("Hải Âu Mẫu", "haiau"),
    ("Sen Vàng Mẫu", "senvang"),
    ("Trúc Xanh Mẫu", "trucxanh"),
    ("Sông Mây Mẫu", "songmay"),
    ("Đồi Gió Mẫu", "doigio"),
    ("Cầu Vồng Mẫu", "cauvong"),
];
/// Domains that RFC 2606 reserves.
const DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];
/// Places as `province - district`, with a ward.
pub(crate) const PLACES: [(&str, &str); 8] = [
    ("Hồ Chí Minh - Quận 3", "Phường Võ Thị Sáu"),
    ("Hồ Chí Minh - TP. Thủ Đức", "Phường Linh Tây"),
    ("Hà Nội - Quận Ba Đình", "Phường Cống Vị"),
    ("Hà Nội - Quận Cầu Giấy", "Phường Yên Hòa"),
    ("Đà Nẵng - Quận Hải Châu", "Phường Thạch Thang"),
    ("Cần Thơ - Quận Ninh Kiều", "Phường Tân An"),
    ("Đồng Nai - TP. Biên Hòa", "Phường Tân Phong"),
    ("Khánh Hòa - TP. Nha Trang", ""),
];
/// Two-digit mobile prefixes (without the leading zero) of the test range.
const MOBILE: [u64; 33] = [
    32, 33, 34, 35, 36, 37, 38, 39, 56, 58, 70, 76, 77, 78, 79, 81, 82, 83, 84, 85, 86, 88, 90, 91, 93, 94,
    96, 97, 98, 59, 99, 92, 87,
];
/// What the 11-digit numbers of the time before 2018 began with, by today's prefix.
const BEFORE_2018: [(u64, u64); 21] = [
    (70, 120),
    (79, 121),
    (77, 122),
    (76, 126),
    (78, 128),
    (83, 123),
    (84, 124),
    (85, 125),
    (81, 127),
    (82, 129),
    (32, 162),
    (33, 163),
    (34, 164),
    (35, 165),
    (36, 166),
    (37, 167),
    (38, 168),
    (39, 169),
    (56, 186),
    (58, 188),
    (59, 199),
];
const JUNK: [&str; 8] = ["không có", "0", "123", "000000000", "xxx", "chưa có sđt", "-", "113"];

/// A generator of numbers that look random and are not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64, salt: u64, index: u64) -> Self {
        let mut dice =
            Self(seed ^ salt.wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ index.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        dice.next();
        dice
    }

    #[inline]
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 up to `sides`, which is not included.
    #[inline]
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(sides.max(1))) >> 64) as u64
    }
}

/// What is unusual about a row. About two rows in a hundred have something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unusual {
    /// It carries no date of change.
    NeverModified,
    /// The customer has paid more than was owed.
    NegativeDebt,
    /// A line names a product that was deleted since.
    DeletedProduct,
    /// Amounts carry ten decimal places.
    LongDecimals,
    /// More was paid than the total.
    Overpaid,
    /// A quantity with three decimal places.
    OddQuantity,
}

/// Who a customer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Buyer {
    /// A person.
    Person,
    /// A firm.
    Company,
    /// A marketplace buyer whose name and number are hidden.
    Masked,
    /// A guest record that the cashier uses for walk-ins.
    WalkIn,
}

/// How a phone field is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PhoneForm {
    /// `0912000123`
    Plain,
    /// `0912 000 123`
    Spaces,
    /// `0912.000.123`
    Dots,
    /// `0912-000-123`
    Hyphens,
    /// `+84912000123`
    Plus,
    /// `+84 912 000 123`
    PlusSpaces,
    /// `84912000123`
    CountryCode,
    /// `912000123`, the zero lost in a spreadsheet
    LostZero,
    /// 11 digits, from before 2018
    Old,
    /// `0912000123 / 0987000456`
    Two,
    /// Not a number.
    Junk,
    /// `********46`
    Masked,
    /// Empty or missing.
    Blank,
}

/// A customer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CustomerRow {
    /// Position in the shop.
    pub index: u64,
    /// Who it really is: two customers with the same person are the same person.
    pub person: u64,
    /// What sort of buyer.
    pub buyer: Buyer,
    /// How the phone field is filled.
    pub form: PhoneForm,
    /// Whether an e-mail address is known.
    pub has_email: bool,
    /// True for a man; absent when nobody noted it.
    pub gender: Option<bool>,
    /// Birthday as year, month, day.
    pub birth: Option<(u16, u8, u8)>,
    /// Branch, from 0.
    pub branch: u64,
    /// Group, from 0.
    pub group: Option<u64>,
    /// Unix time in milliseconds.
    pub created_ms: i64,
    /// Unix time in milliseconds.
    pub modified_ms: Option<i64>,
    /// What the customer owes, in dong.
    pub debt: i64,
    /// What the vendor says the customer spent; a made-up figure that no documents add up to.
    pub spent: i64,
    /// What is unusual.
    pub unusual: Option<Unusual>,
    name: [u8; 4],
    phone: u64,
    second: u64,
    pub(crate) street: u16,
    pub(crate) place: u8,
}

impl CustomerRow {
    /// When it last changed: its date of change, or its creation if it has none.
    pub fn changed_ms(&self) -> i64 {
        self.modified_ms.unwrap_or(self.created_ms)
    }

    /// The name as the shop wrote it.
    pub fn name(&self) -> String {
        text(|out| self.write_name(out))
    }

    /// The phone field; `None` when it is missing.
    pub fn phone(&self) -> Option<String> {
        (self.form != PhoneForm::Blank).then(|| text(|out| self.write_phone(out)))
    }

    /// The e-mail address.
    pub fn email(&self) -> Option<String> {
        self.has_email.then(|| text(|out| self.write_email(out)))
    }

    /// The phone numbers that a careful reader finds in the phone field, as E.164 digits. Also the shop's own number, which
    /// only a count over many customers gives away.
    pub fn keys(&self) -> impl Iterator<Item = u64> + use<> {
        let (first, second) = match self.form {
            PhoneForm::Junk | PhoneForm::Masked | PhoneForm::Blank => (None, None),
            PhoneForm::Two => (Some(self.phone), Some(self.second)),
            _ => (Some(self.phone), None),
        };
        first.into_iter().chain(second)
    }

    pub(crate) fn write_name(&self, out: &mut Out) {
        let [family, middle, given, variant] = self.name;
        match self.buyer {
            Buyer::Masked => {
                let first = b'A' + family % 26;
                let last = b'a' + given % 26;
                out.0.push(first);
                out.raw("******");
                out.0.push(last);
            }
            Buyer::WalkIn => {
                out.raw("Khách lẻ");
            }
            Buyer::Company => {
                let firm = FIRMS[usize::from(family) % FIRMS.len()].0;
                out.raw("Công ty TNHH ").raw(TRADES[usize::from(middle) % TRADES.len()]).raw(" ").raw(firm);
                out.raw(" ").int(i64::try_from(self.person).unwrap_or(0));
            }
            Buyer::Person => {
                let she = given & 1 == 0;
                let family = FAMILY[usize::from(family) % FAMILY.len()].0;
                let middles = if she { &MIDDLE_SHE } else { &MIDDLE_HE };
                let givens = if she { &GIVEN_SHE } else { &GIVEN_HE };
                let middle = middles[usize::from(middle) % middles.len()].0;
                let given = givens[usize::from(given >> 1) % givens.len()].0;
                match variant {
                    0 => out.raw(if she { "Chị " } else { "Anh " }).raw(given),
                    1 => out.raw(family).raw("  ").raw(middle).raw(" ").raw(given).raw(" "),
                    _ => out.raw(family).raw(" ").raw(middle).raw(" ").raw(given),
                };
            }
        }
    }

    pub(crate) fn write_phone(&self, out: &mut Out) {
        let nsn = national(self.phone);
        // A landline has one digit more.
        let landline = nsn >= 1_000_000_000;
        if landline
            && !matches!(self.form, PhoneForm::Two | PhoneForm::Junk | PhoneForm::Masked | PhoneForm::Blank)
        {
            out.raw("0").int(i64::try_from(nsn / 100_000_000).unwrap_or(0)).raw(" ");
            out.pad(nsn / 10_000 % 10_000, 4).raw(" ").pad(nsn % 10_000, 4);
            return;
        }
        let (a, b, c) = (nsn / 1_000_000, nsn / 1000 % 1000, nsn % 1000);
        let grouped = |out: &mut Out, gap: &str| {
            // Four, three and three digits, the zero counted.
            out.raw("0").pad(a, 3).raw(gap).pad(b, 3).raw(gap).pad(c, 3);
        };
        match self.form {
            PhoneForm::Plain => grouped(out, ""),
            PhoneForm::Spaces => grouped(out, " "),
            PhoneForm::Dots => grouped(out, "."),
            PhoneForm::Hyphens => grouped(out, "-"),
            PhoneForm::Plus => {
                out.raw("+84").pad(nsn, 9);
            }
            PhoneForm::PlusSpaces => {
                out.raw("+84 ").pad(a, 3).raw(" ").pad(b, 3).raw(" ").pad(c, 3);
            }
            PhoneForm::CountryCode => {
                out.raw("84").pad(nsn, 9);
            }
            PhoneForm::LostZero => {
                out.pad(nsn, 9);
            }
            PhoneForm::Old => match BEFORE_2018.iter().find(|(now, _)| *now == nsn / 10_000_000) {
                Some((_, old)) => {
                    out.raw("0").pad(*old, 3).pad(nsn % 10_000_000, 7);
                }
                None => grouped(out, " "),
            },
            PhoneForm::Two => {
                grouped(out, "");
                out.raw(" / 0").pad(national(self.second), 9);
            }
            PhoneForm::Junk => {
                out.raw(JUNK[(self.second % 8) as usize]);
            }
            PhoneForm::Masked => {
                out.raw("********").pad(self.phone % 100, 2);
            }
            PhoneForm::Blank => {}
        }
    }

    pub(crate) fn write_email(&self, out: &mut Out) {
        let [family, middle, given, _] = self.name;
        let number = i64::try_from(self.person).unwrap_or(0);
        if self.buyer == Buyer::Company {
            out.raw("ketoan")
                .int(number)
                .raw("@")
                .raw(FIRMS[usize::from(family) % FIRMS.len()].1)
                .raw(".example.com");
            return;
        }
        let she = given & 1 == 0;
        let middles = if she { &MIDDLE_SHE } else { &MIDDLE_HE };
        let givens = if she { &GIVEN_SHE } else { &GIVEN_HE };
        out.raw(givens[usize::from(given >> 1) % givens.len()].1).raw(".");
        out.raw(middles[usize::from(middle) % middles.len()].1)
            .raw(".")
            .raw(FAMILY[usize::from(family) % FAMILY.len()].1);
        out.int(number).raw("@").raw(DOMAINS[usize::from(middle) % DOMAINS.len()]);
    }
}

/// E.164 digits without the country code.
fn national(phone: u64) -> u64 {
    phone - if phone >= 100_000_000_000 { 840_000_000_000 } else { 84_000_000_000 }
}

fn text(write: impl FnOnce(&mut Out)) -> String {
    let mut out = Out::default();
    write(&mut out);
    String::from_utf8(out.0).unwrap_or_default()
}

/// A line of goods on a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineRow {
    /// Product, from 0.
    pub product: u64,
    /// Thousandths of a piece.
    pub quantity: i64,
    /// Price of one, in dong.
    pub price: i64,
    /// Discount on one, in dong.
    pub discount: i64,
}

impl LineRow {
    /// What the line comes to, in dong.
    pub fn amount(&self) -> i64 {
        self.quantity * (self.price - self.discount) / 1000
    }
}

/// Where a seeded document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Standing {
    /// Being typed.
    Draft,
    /// Accepted.
    Confirmed,
    /// On its way.
    Shipping,
    /// Some of it is invoiced.
    PartlyInvoiced,
    /// Being worked on.
    Processing,
    /// Done.
    Completed,
    /// The delivery failed.
    Failed,
    /// Called off.
    Cancelled,
    /// A code that no table explains.
    Unexplained,
}

/// An order or an invoice.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DocumentRow {
    /// Position among its kind.
    pub index: u64,
    /// Where it stands.
    pub standing: Standing,
    /// The buyer, from 0; absent for a walk-in.
    pub customer: Option<u64>,
    /// Branch, from 0.
    pub branch: u64,
    /// Seller, from 0.
    pub seller: u64,
    /// Discount on the whole document, in dong.
    pub discount: i64,
    /// Delivery charge, in dong.
    pub shipping: i64,
    /// What the buyer has to pay, in dong.
    pub total: i64,
    /// What the buyer has paid, in dong.
    pub paid: i64,
    /// Sold through a channel, from 0.
    pub channel: Option<u64>,
    /// Whether it is delivered to an address.
    pub delivered: bool,
    /// For an invoice, its order; for an order, its invoice that counts.
    pub other: Option<u64>,
    /// For a cancelled invoice that was issued again, its successor; for the successor, nothing.
    pub reissued_as: Option<u64>,
    /// For an invoice that was issued again, its predecessor.
    pub reissue_of: Option<u64>,
    /// Unix time in milliseconds.
    pub created_ms: i64,
    /// Unix time in milliseconds.
    pub modified_ms: Option<i64>,
    /// What is unusual.
    pub unusual: Option<Unusual>,
    lines: [LineRow; 4],
    line_count: u8,
}

impl DocumentRow {
    /// When it last changed: its date of change, or its creation if it has none.
    pub fn changed_ms(&self) -> i64 {
        self.modified_ms.unwrap_or(self.created_ms)
    }

    /// The goods.
    pub fn lines(&self) -> &[LineRow] {
        &self.lines[..usize::from(self.line_count)]
    }
}

/// Goods brought back.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReturnRow {
    /// Position among the returns.
    pub index: u64,
    /// The invoice whose goods they are.
    pub invoice: u64,
    /// The buyer, from 0.
    pub customer: Option<u64>,
    /// Branch, from 0.
    pub branch: u64,
    /// Whether it was called off.
    pub cancelled: bool,
    /// Whether everything came back.
    pub whole: bool,
    /// What the shop gives back, in dong.
    pub total: i64,
    /// Unix time in milliseconds.
    pub created_ms: i64,
    lines: [LineRow; 4],
    line_count: u8,
}

impl ReturnRow {
    /// The goods.
    pub fn lines(&self) -> &[LineRow] {
        &self.lines[..usize::from(self.line_count)]
    }
}

/// A product.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ProductRow {
    /// Position in the shop.
    pub index: u64,
    /// Category, from 0.
    pub category: u64,
    /// Price, in dong.
    pub price: i64,
    /// The first product of the family of variants, when it belongs to one.
    pub master: Option<u64>,
    /// A service instead of goods.
    pub service: bool,
    /// Name.
    pub name: &'static str,
    /// Colour or size of a variant.
    pub attribute: &'static str,
    /// Unix time in milliseconds.
    pub created_ms: i64,
    /// Unix time in milliseconds.
    pub modified_ms: Option<i64>,
}

/// The names of the branches; a shop uses the first ones.
pub const BRANCHES: [&str; 6] = [
    "Chi nhánh trung tâm",
    "Chi nhánh Thủ Đức",
    "Chi nhánh Hà Nội",
    "Chi nhánh Đà Nẵng",
    "Chi nhánh Cần Thơ",
    "Kho tổng",
];
/// The names of the staff.
pub const STAFF: [&str; 5] = ["Thu ngân Mẫu", "Bán hàng Mẫu", "Quản lý Mẫu", "Kho Mẫu", "Giao hàng Mẫu"];
/// The names of the categories, with the position of the one above.
pub const CATEGORIES: [(&str, Option<u64>); 8] = [
    ("Thời trang", None),
    ("Áo", Some(0)),
    ("Quần", Some(0)),
    ("Gia dụng", None),
    ("Nồi chảo", Some(3)),
    ("Thực phẩm", None),
    ("Văn phòng phẩm", None),
    ("Dịch vụ", None),
];
/// The names of the customer groups.
pub const GROUPS: [&str; 3] = ["Khách VIP", "Bán sỉ", "Khách quen"];
/// The names of the sales channels.
pub const CHANNELS: [&str; 4] = ["Facebook", "Shopee", "Website", "Zalo"];

const GOODS: [(&str, u64); 16] = [
    ("Áo thun cổ tròn", 1),
    ("Áo sơ mi dài tay", 1),
    ("Quần jean ống đứng", 2),
    ("Quần short kaki", 2),
    ("Túi vải", 0),
    ("Nón lưỡi trai", 0),
    ("Nồi inox 24cm", 4),
    ("Chảo chống dính 28cm", 4),
    ("Bình giữ nhiệt", 3),
    ("Khăn tắm", 3),
    ("Gạo thơm túi 5kg", 5),
    ("Nước mắm chai 500ml", 5),
    ("Cà phê rang xay", 5),
    ("Vở kẻ ngang", 6),
    ("Bút bi xanh", 6),
    ("Công may sửa", 7),
];
const ATTRIBUTES: [&str; 4] = ["Trắng", "Đen", "Xanh", "Đỏ"];

/// A seeded shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shop {
    /// What makes two shops different.
    pub seed: u64,
    /// How many customers.
    pub customers: u64,
    /// How many orders.
    pub orders: u64,
    /// How many invoices.
    pub invoices: u64,
    /// How many products.
    pub products: u64,
    /// How many branches, 1 to 6.
    pub branches: u64,
}

/// What the documents of a seeded shop add up to, in dong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Completed invoices.
    pub completed_invoices: u64,
    /// What they come to.
    pub completed_invoice_amount: i64,
    /// The part of it that walk-ins without a customer bought.
    pub walk_in_amount: i64,
    /// Cancelled invoices, reissued ones included.
    pub cancelled_invoices: u64,
    /// Invoices that somebody still works on.
    pub open_invoices: u64,
    /// Invoices that refer to an order.
    pub invoices_with_order: u64,
    /// Completed orders that have no invoice.
    pub completed_orders_without_invoice: u64,
    /// What they come to.
    pub completed_orders_without_invoice_amount: i64,
    /// Cancelled orders.
    pub cancelled_orders: u64,
    /// Returns that were not called off.
    pub done_returns: u64,
    /// What was given back.
    pub returned_amount: i64,
}

impl Totals {
    /// Money earned by one counting rule: completed invoices, plus completed orders that have none, less returns.
    pub fn revenue(&self) -> i64 {
        self.completed_invoice_amount + self.completed_orders_without_invoice_amount - self.returned_amount
    }
}

impl Default for Shop {
    fn default() -> Self {
        Self { seed: 1, customers: 5200, orders: 6000, invoices: 6000, products: 240, branches: 3 }
    }
}

impl Shop {
    /// A shop of this many customers, orders and invoices.
    pub fn new(seed: u64, customers: u64, orders: u64, invoices: u64) -> Self {
        Self { seed, customers, orders, invoices, ..Self::default() }
    }

    /// How many returns there are.
    pub fn returns(&self) -> u64 {
        self.invoices.div_ceil(INVOICES_PER_RETURN)
    }

    /// The mobile number of a person, as E.164 digits.
    pub fn mobile(&self, person: u64) -> u64 {
        let range = MOBILE.len() as u64 * 100_000;
        // The factor shares no divisor with the range (2, 3, 5, 11), so that no two persons meet.
        let n = (person % range * 1_299_709 + self.seed % range) % range;
        84_000_000_000 + MOBILE[(n / 100_000) as usize] * 10_000_000 + n % 100_000
    }

    fn landline(&self, person: u64) -> u64 {
        let n = person.wrapping_mul(7919).wrapping_add(self.seed) % 120_000;
        let city = if n.is_multiple_of(2) { 24 } else { 28 };
        840_000_000_000 + city * 100_000_000 + 30_000_000 + (2 + n / 2 % 6) * 1_000_000 + n / 12
    }

    #[inline]
    fn created(&self, salt: u64, index: u64, count: u64) -> i64 {
        let step = SPAN_MS as u64 / count.max(1);
        let jitter = Dice::new(self.seed, salt, index).next() % step.max(1);
        START_MS + (index * step + jitter) as i64
    }

    /// When customer `index` was created.
    #[inline]
    pub fn customer_created_ms(&self, index: u64) -> i64 {
        self.created(11, index, self.customers)
    }

    /// When order `index` was created.
    #[inline]
    pub fn order_created_ms(&self, index: u64) -> i64 {
        self.created(12, index, self.orders.max(self.invoices))
    }

    /// When invoice `index` was created.
    #[inline]
    pub fn invoice_created_ms(&self, index: u64) -> i64 {
        self.created(13, index, self.orders.max(self.invoices)) + 6 * HOUR_MS
    }

    /// When return `index` was created.
    #[inline]
    pub fn return_created_ms(&self, index: u64) -> i64 {
        self.invoice_created_ms(index * INVOICES_PER_RETURN) + 2 * DAY_MS
    }

    #[inline]
    fn modified(&self, salt: u64, index: u64, created: i64) -> Option<i64> {
        let dice = Dice::new(self.seed, salt, index).next();
        if dice.is_multiple_of(64) {
            return None;
        }
        let longest = if dice >> 8 & 7 < 6 { HOUR_MS } else { MAX_CHANGE_MS };
        Some(created + ((dice >> 16) % longest as u64) as i64)
    }

    /// When customer `index` last changed, or was created.
    #[inline]
    pub fn customer_changed_ms(&self, index: u64) -> i64 {
        let created = self.customer_created_ms(index);
        self.modified(21, index, created).unwrap_or(created)
    }

    /// When order `index` last changed, or was created.
    #[inline]
    pub fn order_changed_ms(&self, index: u64) -> i64 {
        let created = self.order_created_ms(index);
        self.modified(22, index, created).unwrap_or(created)
    }

    /// When invoice `index` last changed, or was created.
    #[inline]
    pub fn invoice_changed_ms(&self, index: u64) -> i64 {
        let created = self.invoice_created_ms(index);
        self.modified(23, index, created).unwrap_or(created)
    }

    fn buyer_roll(&self, index: u64) -> u64 {
        Dice::new(self.seed, 31, index).below(1000)
    }

    /// Who customer `index` really is.
    pub fn person_of(&self, index: u64) -> u64 {
        let mut person = index;
        // 20 in 1000 are an earlier customer again; that one may be a repetition, too.
        while person > 0 && self.buyer_roll(person) < 20 {
            person -= 1 + Dice::new(self.seed, 32, person).below(person.min(400));
        }
        person
    }

    /// Customer `index`.
    pub fn customer(&self, index: u64) -> CustomerRow {
        let person = self.person_of(index);
        let roll = self.buyer_roll(person);
        let mut own = Dice::new(self.seed, 41, index);
        let mut who = Dice::new(self.seed, 42, person);
        let traits = who.next();
        let name = [traits as u8, (traits >> 8) as u8, (traits >> 16) as u8, 0xff];
        let buyer = match roll {
            20..70 => Buyer::Masked,
            70..100 => Buyer::Company,
            100..110 => Buyer::WalkIn,
            _ => Buyer::Person,
        };
        let mut phone = if buyer == Buyer::Company { self.landline(person) } else { self.mobile(person) };
        let second = if own.next() & 1 == 0 { self.mobile(person + 2_000_000) } else { own.next() };
        let mut form = match own.below(64) {
            0..32 => PhoneForm::Plain,
            32..40 => PhoneForm::Spaces,
            40..45 => PhoneForm::Dots,
            45..48 => PhoneForm::Hyphens,
            48..54 => PhoneForm::Plus,
            54..58 => PhoneForm::PlusSpaces,
            58..61 => PhoneForm::CountryCode,
            _ => PhoneForm::LostZero,
        };
        let second = match roll {
            _ if buyer == Buyer::Masked => {
                form = if own.next() & 1 == 0 { PhoneForm::Masked } else { PhoneForm::Blank };
                second
            }
            _ if buyer == Buyer::Company => second,
            100..120 => {
                phone = SHOP_PHONE;
                second
            }
            120..160 => {
                form = PhoneForm::Old;
                second
            }
            160..180 => {
                form = PhoneForm::Two;
                self.mobile(person + 2_000_000)
            }
            180..330 => {
                form = if roll < 200 { PhoneForm::Junk } else { PhoneForm::Blank };
                second
            }
            330..360 if person > 0 && self.shares(person - 1) => {
                phone = self.mobile(person - 1);
                second
            }
            _ => second,
        };
        if form == PhoneForm::Old && !BEFORE_2018.iter().any(|(now, _)| *now == national(phone) / 10_000_000)
        {
            form = PhoneForm::Spaces;
        }
        // A nine-digit number that starts with 84 is easily taken for a country code: people do not write it so.
        if form == PhoneForm::LostZero && national(phone) / 10_000_000 == 84 {
            form = PhoneForm::Plain;
        }
        let she = name[2] & 1 == 0;
        let created_ms = self.customer_created_ms(index);
        let modified_ms = self.modified(21, index, created_ms);
        let odd = own.below(200);
        let unusual = match odd {
            _ if modified_ms.is_none() => Some(Unusual::NeverModified),
            0..2 => Some(Unusual::NegativeDebt),
            2..3 => Some(Unusual::LongDecimals),
            _ => None,
        };
        let money = own.next();
        let person_like = buyer == Buyer::Person;
        CustomerRow {
            index,
            person,
            buyer,
            form,
            has_email: match buyer {
                Buyer::Masked | Buyer::WalkIn => false,
                Buyer::Company => true,
                Buyer::Person => traits >> 24 & 7 < 3 || (180..210).contains(&roll),
            },
            gender: (person_like && traits >> 27 & 3 != 0).then_some(!she),
            birth: (person_like && traits >> 29 & 1 == 0).then(|| {
                (
                    1955 + (traits >> 32) as u16 % 50,
                    1 + (traits >> 40) as u8 % 12,
                    1 + (traits >> 48) as u8 % 28,
                )
            }),
            branch: own.below(self.branches),
            group: (person_like && money & 3 == 0).then_some((money >> 2) % GROUPS.len() as u64),
            created_ms,
            modified_ms,
            debt: match unusual {
                Some(Unusual::NegativeDebt) => -(((money >> 8) % 900) as i64) * 1000 - 1000,
                _ if money >> 4 & 15 == 0 => ((money >> 8) % 5000) as i64 * 1000,
                _ => 0,
            },
            spent: ((money >> 20) % 40_000) as i64 * 1000,
            unusual,
            name: [name[0], name[1], name[2], if index == person { 0xff } else { (own.next() & 3) as u8 }],
            phone,
            second,
            street: (money >> 40) as u16 % 400,
            place: (money >> 56) as u8 % PLACES.len() as u8,
        }
    }

    /// Whether a neighbour may use this person's number: it is an ordinary mobile.
    fn shares(&self, person: u64) -> bool {
        self.person_of(person) == person && self.buyer_roll(person) >= 360
    }

    /// Product `index`.
    pub fn product(&self, index: u64) -> ProductRow {
        let kind = (index / 4 % GOODS.len() as u64) as usize;
        let (name, category) = GOODS[kind];
        let variants = category == 1 || category == 2;
        let mut dice = Dice::new(self.seed, 51, index / 4);
        let price = (20 + dice.below(780) as i64) * 1000;
        let created_ms = START_MS + (index * 1000) as i64;
        ProductRow {
            index,
            category,
            price: price + if variants { 0 } else { (index % 4) as i64 * 5000 },
            master: variants.then_some(index / 4 * 4),
            service: category == 7,
            name,
            attribute: ATTRIBUTES[(index % 4) as usize],
            created_ms,
            modified_ms: (!index.is_multiple_of(3)).then_some(created_ms + 40 * DAY_MS),
        }
    }

    fn lines(&self, dice: &mut Dice, unusual: Option<Unusual>) -> ([LineRow; 4], u8) {
        let mut lines = [LineRow::default(); 4];
        let shape = dice.next();
        let count = [1, 1, 1, 2, 2, 3, 4, 1][(shape & 7) as usize];
        for line in &mut lines[..count] {
            let dice = dice.next();
            let product = dice % self.products.max(1);
            let price = self.product(product).price;
            let quantity = match dice >> 32 & 31 {
                0 => 1500,
                1 => 500,
                2 => 2250,
                roll => (1 + (roll & 3) as i64) * 1000,
            };
            let discount = if dice >> 40 & 7 == 0 { price / 10_000 * 1000 } else { 0 };
            *line = LineRow { product, quantity, price, discount };
        }
        if unusual == Some(Unusual::OddQuantity) {
            lines[0].quantity = 1125;
        }
        (lines, count as u8)
    }

    /// Order `index` without what depends on its invoice.
    fn order_body(&self, index: u64, salt: u64) -> DocumentRow {
        let mut dice = Dice::new(self.seed, salt, index);
        let (block, slot) = (index / BLOCK, index % BLOCK);
        let standing = match slot {
            0..=10 => Standing::Completed,
            11 => Standing::Draft,
            12 => Standing::Confirmed,
            13 => Standing::Shipping,
            14 => Standing::Cancelled,
            _ if block.is_multiple_of(2) => Standing::PartlyInvoiced,
            _ => Standing::Unexplained,
        };
        let created_ms = self.order_created_ms(index);
        let modified_ms = self.modified(22, index, created_ms);
        let unusual = unusual_document(&mut dice, modified_ms);
        let (lines, line_count) = self.lines(&mut dice, unusual);
        let shape = dice.next();
        let goods: i64 = lines[..usize::from(line_count)].iter().map(LineRow::amount).sum();
        let discount = if shape & 15 == 0 { goods / 20_000 * 1000 } else { 0 };
        let delivered = shape >> 4 & 3 != 0;
        let shipping = if delivered && shape >> 6 & 1 == 0 { 20_000 } else { 0 };
        let total = goods - discount + shipping;
        let mut paid = match standing {
            Standing::Completed => total,
            Standing::Shipping | Standing::PartlyInvoiced => total / 2000 * 1000,
            _ => 0,
        };
        if unusual == Some(Unusual::Overpaid) && standing == Standing::Completed {
            paid += 1000;
        }
        DocumentRow {
            index,
            standing,
            customer: (self.customers > 0 && shape >> 8 & 15 != 0).then(|| dice.below(self.customers)),
            branch: shape % self.branches.max(1),
            seller: (shape >> 12) % STAFF.len() as u64,
            discount,
            shipping,
            total,
            paid,
            channel: (shape >> 16 & 1 == 0).then_some((shape >> 17) % CHANNELS.len() as u64),
            delivered,
            other: None,
            reissued_as: None,
            reissue_of: None,
            created_ms,
            modified_ms,
            unusual,
            lines,
            line_count,
        }
    }

    /// The invoice slot that fulfils an order slot.
    fn invoice_of(&self, order: u64) -> Option<u64> {
        let (block, slot) = (order / BLOCK, order % BLOCK);
        let at = match slot {
            0..=7 => slot,
            8 => 9,
            9 => 10,
            15 if block.is_multiple_of(2) => 11,
            _ => return None,
        };
        let invoice = block * BLOCK + at;
        (invoice < self.invoices).then_some(invoice)
    }

    /// Order `index`. Its `other` is the invoice that fulfils it.
    pub fn order(&self, index: u64) -> DocumentRow {
        DocumentRow { other: self.invoice_of(index), ..self.order_body(index, 61) }
    }

    /// Invoice `index`. Its `other` is the order that it fulfils.
    pub fn invoice(&self, index: u64) -> DocumentRow {
        let (block, slot) = (index / BLOCK, index % BLOCK);
        let first = block * BLOCK;
        let order = match slot {
            0..=7 => Some(first + slot),
            8 | 9 => Some(first + 8),
            10 => Some(first + 9),
            11 if block.is_multiple_of(2) => Some(first + 15),
            _ => None,
        }
        .filter(|order| *order < self.orders);
        let standing = match slot {
            8 => Standing::Cancelled,
            11 if block.is_multiple_of(2) => Standing::Processing,
            11 => Standing::Failed,
            15 if block.is_multiple_of(4) => Standing::Cancelled,
            _ => Standing::Completed,
        };
        let mut row = match order {
            Some(order) => self.order_body(order, 61),
            None => self.order_body(index, 62),
        };
        if matches!(slot, 12 | 13) {
            row.customer = None;
        } else if order.is_none() && row.customer.is_none() && self.customers > 0 {
            row.customer = Some(index % self.customers);
        }
        if order.is_none() {
            row.channel = None;
            row.delivered = false;
            row.total -= row.shipping;
            row.shipping = 0;
        }
        row.paid = match standing {
            Standing::Completed if row.unusual == Some(Unusual::Overpaid) => row.total + 1000,
            Standing::Completed => row.total,
            Standing::Processing => row.total / 2000 * 1000,
            _ => 0,
        };
        let created_ms = self.invoice_created_ms(index);
        let modified_ms = self.modified(23, index, created_ms);
        let unusual = match (row.unusual, modified_ms) {
            (None | Some(Unusual::NeverModified), None) => Some(Unusual::NeverModified),
            (Some(Unusual::NeverModified), Some(_)) => None,
            (other, _) => other,
        };
        DocumentRow {
            index,
            standing,
            other: order,
            reissued_as: (slot == 8 && index + 1 < self.invoices).then_some(index + 1),
            reissue_of: (slot == 9).then(|| index - 1),
            created_ms,
            modified_ms,
            unusual,
            ..row
        }
    }

    /// Return `index`.
    pub fn goods_return(&self, index: u64) -> ReturnRow {
        let invoice = self.invoice(index * INVOICES_PER_RETURN);
        let whole = index % 2 == 1;
        let (lines, line_count, total) = if whole {
            (invoice.lines, invoice.line_count, invoice.total - invoice.shipping)
        } else {
            let mut lines = [LineRow::default(); 4];
            lines[0] = LineRow { quantity: invoice.lines[0].quantity.min(1000), ..invoice.lines[0] };
            (lines, 1, lines[0].amount())
        };
        ReturnRow {
            index,
            invoice: invoice.index,
            customer: invoice.customer,
            branch: invoice.branch,
            cancelled: index % 8 == 7,
            whole,
            total,
            created_ms: self.return_created_ms(index),
            lines,
            line_count,
        }
    }

    /// What the documents add up to. Looks at every one of them.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for invoice in (0..self.invoices).map(|index| self.invoice(index)) {
            totals.invoices_with_order += u64::from(invoice.other.is_some());
            match invoice.standing {
                Standing::Completed => {
                    totals.completed_invoices += 1;
                    totals.completed_invoice_amount += invoice.total;
                    if invoice.customer.is_none() {
                        totals.walk_in_amount += invoice.total;
                    }
                }
                Standing::Cancelled => totals.cancelled_invoices += 1,
                _ => totals.open_invoices += 1,
            }
        }
        for order in (0..self.orders).map(|index| self.order(index)) {
            match order.standing {
                Standing::Completed if order.other.is_none() => {
                    totals.completed_orders_without_invoice += 1;
                    totals.completed_orders_without_invoice_amount += order.total;
                }
                Standing::Cancelled => totals.cancelled_orders += 1,
                _ => {}
            }
        }
        for back in (0..self.returns()).map(|index| self.goods_return(index)).filter(|back| !back.cancelled) {
            totals.done_returns += 1;
            totals.returned_amount += back.total;
        }
        totals
    }

    /// [`Totals::revenue`] by customer; customers who bought nothing are missing.
    pub fn revenue_by_customer(&self) -> BTreeMap<u64, i64> {
        let mut sums = BTreeMap::new();
        let mut add = |customer: Option<u64>, amount: i64| {
            if let Some(customer) = customer {
                *sums.entry(customer).or_default() += amount;
            }
        };
        for invoice in (0..self.invoices).map(|index| self.invoice(index)) {
            if invoice.standing == Standing::Completed {
                add(invoice.customer, invoice.total);
            }
        }
        for order in (0..self.orders).map(|index| self.order(index)) {
            if order.standing == Standing::Completed && order.other.is_none() {
                add(order.customer, order.total);
            }
        }
        for back in (0..self.returns()).map(|index| self.goods_return(index)) {
            if !back.cancelled {
                add(back.customer, -back.total);
            }
        }
        sums
    }

    /// Every phone number that a careful reader finds, as E.164 digits, without the shop's own.
    pub fn distinct_phones(&self) -> BTreeSet<u64> {
        (0..self.customers)
            .flat_map(|index| self.customer(index).keys())
            .filter(|key| *key != SHOP_PHONE)
            .collect()
    }
}

fn unusual_document(dice: &mut Dice, modified_ms: Option<i64>) -> Option<Unusual> {
    if modified_ms.is_none() {
        return Some(Unusual::NeverModified);
    }
    match dice.below(400) {
        0..2 => Some(Unusual::DeletedProduct),
        2..4 => Some(Unusual::LongDecimals),
        4..6 => Some(Unusual::Overpaid),
        6..8 => Some(Unusual::OddQuantity),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: Shop =
        Shop { seed: 7, customers: 20_000, orders: 4000, invoices: 4000, products: 240, branches: 3 };

    #[test]
    fn the_same_seed_gives_the_same_shop_and_another_seed_another() {
        let other = Shop { seed: 8, ..SHOP };
        let same: Vec<_> = (0..50).map(|index| format!("{:?}", SHOP.customer(index))).collect();
        assert_eq!(same, (0..50).map(|index| format!("{:?}", SHOP.customer(index))).collect::<Vec<_>>());
        assert_ne!(same, (0..50).map(|index| format!("{:?}", other.customer(index))).collect::<Vec<_>>());
        assert_eq!(SHOP.totals(), SHOP.totals());
        assert_ne!(SHOP.totals(), other.totals());
    }

    #[test]
    fn rows_do_not_depend_on_how_many_there_are_of_another_kind() {
        let more = Shop { customers: 20_000, orders: 4000, invoices: 2000, ..SHOP };
        for index in 0..2000 {
            assert_eq!(SHOP.invoice(index).total, more.invoice(index).total);
        }
    }

    #[test]
    fn creation_is_in_order_and_changes_follow_it() {
        for index in 1..SHOP.customers {
            assert!(SHOP.customer_created_ms(index) >= SHOP.customer_created_ms(index - 1));
            let row = SHOP.customer(index);
            assert_eq!(row.changed_ms(), SHOP.customer_changed_ms(index));
            assert!((row.created_ms..=row.created_ms + MAX_CHANGE_MS).contains(&row.changed_ms()));
        }
        for index in 1..SHOP.orders {
            assert!(SHOP.order_created_ms(index) >= SHOP.order_created_ms(index - 1));
            assert_eq!(SHOP.order(index).changed_ms(), SHOP.order_changed_ms(index));
            assert_eq!(SHOP.invoice(index).changed_ms(), SHOP.invoice_changed_ms(index));
        }
    }

    #[test]
    fn every_kind_of_customer_is_there_in_its_share() {
        let mut forms = BTreeMap::<String, u64>::new();
        let mut buyers = BTreeMap::<String, u64>::new();
        let (mut again, mut own, mut unusual) = (0, 0, 0);
        for row in (0..SHOP.customers).map(|index| SHOP.customer(index)) {
            *forms.entry(format!("{:?}", row.form)).or_default() += 1;
            *buyers.entry(format!("{:?}", row.buyer)).or_default() += 1;
            again += u64::from(row.person != row.index);
            own += u64::from(row.keys().any(|key| key == SHOP_PHONE));
            unusual += u64::from(row.unusual.is_some());
        }
        assert_eq!((forms.len(), buyers.len()), (13, 4), "{forms:?} {buyers:?}");
        let share = |part: u64| part as f64 / SHOP.customers as f64;
        assert!((0.01..0.03).contains(&share(again)), "{again}");
        assert!((0.01..0.03).contains(&share(own)), "{own}");
        assert!((0.01..0.05).contains(&share(unusual)), "{unusual}");
        assert!((0.03..0.07).contains(&share(buyers["Masked"])), "{buyers:?}");
    }

    #[test]
    fn mobiles_do_not_repeat_and_two_customers_of_one_person_share_theirs() {
        let numbers: BTreeSet<u64> = (0..300_000).map(|person| SHOP.mobile(person)).collect();
        assert_eq!(numbers.len(), 300_000);
        for row in (0..SHOP.customers).map(|index| SHOP.customer(index)).filter(|row| row.person != row.index)
        {
            let original = SHOP.customer(row.person);
            assert_eq!(row.phone, original.phone);
        }
    }

    #[test]
    fn readers_find_in_a_phone_field_what_the_generator_put_there() {
        use pos_core::record::{ContactPoints, PhoneSource};
        for row in (0..5000).map(|index| SHOP.customer(index)) {
            let mut points = ContactPoints::default();
            points.phone(row.phone().as_deref(), PhoneSource::Own);
            let found: Vec<String> = points
                .phones
                .iter()
                .filter(|phone| phone.is_key)
                .filter_map(|phone| phone.e164)
                .map(|e| e.to_string())
                .collect();
            let expected: Vec<String> = row.keys().map(|key| format!("+{key}")).collect();
            assert_eq!(found, expected, "{:?} {:?}", row.phone(), row);
        }
    }

    #[test]
    fn orders_and_invoices_name_each_other() {
        for index in 0..SHOP.orders {
            let order = SHOP.order(index);
            if let Some(invoice) = order.other {
                let invoice = SHOP.invoice(invoice);
                assert_eq!(invoice.other, Some(index));
                assert_eq!((invoice.total, invoice.customer), (order.total, order.customer));
                assert_ne!(invoice.standing, Standing::Cancelled);
            }
        }
        for index in 0..SHOP.invoices {
            let invoice = SHOP.invoice(index);
            if let Some(successor) = invoice.reissued_as {
                assert_eq!(invoice.standing, Standing::Cancelled);
                assert_eq!(SHOP.invoice(successor).reissue_of, Some(index));
                assert_eq!(SHOP.invoice(successor).other, invoice.other);
            }
        }
    }

    #[test]
    fn amounts_are_whole_dong_and_add_up() {
        for index in 0..SHOP.orders {
            for row in [SHOP.order(index), SHOP.invoice(index)] {
                assert!(
                    row.lines().iter().all(|line| line.quantity * (line.price - line.discount) % 1000 == 0)
                );
                let goods: i64 = row.lines().iter().map(LineRow::amount).sum();
                assert_eq!(row.total, goods - row.discount + row.shipping);
                assert!(row.total > 0);
            }
        }
        let totals = SHOP.totals();
        assert!(
            totals.completed_invoices > 2500 && totals.cancelled_invoices > 200 && totals.done_returns > 60
        );
        let by_customer: i64 = SHOP.revenue_by_customer().values().sum();
        let unknown: i64 = (0..SHOP.orders)
            .map(|index| SHOP.order(index))
            .filter(|order| {
                order.standing == Standing::Completed && order.other.is_none() && order.customer.is_none()
            })
            .map(|order| order.total)
            .sum();
        let returned: i64 = (0..SHOP.returns())
            .map(|index| SHOP.goods_return(index))
            .filter(|back| !back.cancelled && back.customer.is_none())
            .map(|back| back.total)
            .sum();
        assert_eq!(by_customer, totals.revenue() - totals.walk_in_amount - unknown + returned);
    }
}
