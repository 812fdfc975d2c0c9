//! People who do not exist and the records that five vendors would have of them, with labels.

use std::collections::HashMap;
use std::ops::ControlFlow;

use pos_core::identity::{ClusterRow, Clustering, Clusters, Guard, IdentityRules, SubjectKind};

/// A generator with a seed: the same seed, the same people.
pub(crate) struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }

    /// Whether something of this many in a thousand happens.
    pub(crate) fn in_thousand(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    fn of<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items.get(self.below(items.len() as u64) as usize).copied().unwrap_or_default()
    }
}

/// One row with the person that it is about.
pub(crate) struct Labelled {
    /// Number of the person.
    pub(crate) person: u32,
    /// The vendor.
    pub(crate) vendor: &'static str,
    /// The vendor's id of the customer.
    pub(crate) id: String,
    /// The name as typed.
    pub(crate) name: String,
    /// The phone as typed.
    pub(crate) phone: String,
    /// The e-mail as typed.
    pub(crate) email: String,
    /// Seconds since 1970.
    pub(crate) at: i64,
}

const VENDORS: [&str; 5] = ["kiotviet", "haravan", "nhanh", "sapo", "pancake"];
const FAMILY: [&str; 8] = ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi"];
const GIVEN: [&str; 12] =
    ["Lan", "Minh", "Hoa", "Tuấn", "Hương", "Nam", "Linh", "Dũng", "Mai", "Sơn", "Thảo", "Phúc"];
const PREFIXES: [&str; 20] = [
    "032", "033", "035", "036", "037", "038", "039", "070", "076", "077", "079", "081", "083", "084", "086",
    "090", "093", "096", "097", "098",
];
/// Today's prefix and what it was before 2018.
const OLD: [(&str, &str); 9] = [
    ("032", "0162"),
    ("033", "0163"),
    ("035", "0165"),
    ("036", "0166"),
    ("037", "0167"),
    ("038", "0168"),
    ("039", "0169"),
    ("083", "0123"),
    ("070", "0120"),
];

fn phone(random: &mut Random) -> String {
    format!("{}{:07}", random.of(&PREFIXES), random.below(10_000_000))
}

/// A written form of a number.
pub(crate) fn written(random: &mut Random, phone: &str) -> String {
    let (head, tail) = phone.split_at_checked(3).unwrap_or((phone, ""));
    let rest = phone.get(1..).unwrap_or_default();
    let part = |from: usize, to: usize| phone.get(from..to).unwrap_or_default();
    match random.below(100) {
        0..40 => phone.to_owned(),
        40..50 => match OLD.iter().find(|(new, _)| *new == head) {
            Some((_, old)) => format!("{old}{tail}"),
            None => format!("+84{rest}"),
        },
        50..58 => format!("+84{rest}"),
        58..63 => format!("84{rest}"),
        63..72 => format!("{} {} {}", part(0, 4), part(4, 7), part(7, 10)),
        72..79 => format!("{}.{}.{}", part(0, 4), part(4, 7), part(7, 10)),
        79..83 => format!("{}-{}-{}", part(0, 4), part(4, 7), part(7, 10)),
        83..86 => rest.to_owned(),
        86..88 => format!("({head}) {tail}"),
        88..90 => format!("{rest}.0"),
        90..92 => format!("'{phone}"),
        92..94 => format!("\u{200b}{phone}"),
        94..96 => format!("{phone} (chị)"),
        96..97 => phone.chars().filter_map(|c| char::from_u32(c as u32 + 0xfee0)).collect(),
        97..98 => format!("+84 (0) {rest}"),
        _ => format!("{phone} / 02430000123"),
    }
}

/// Makes about `rows` rows and shuffles them.
pub(crate) fn generate(rows: usize, seed: u64) -> Vec<Labelled> {
    let mut random = Random::new(seed);
    let mut made: Vec<Labelled> = Vec::with_capacity(rows + 16);
    // Every vendor's shop types its own number when the customer gives none.
    let shop: Vec<String> = (0..VENDORS.len() * 4).map(|_| phone(&mut random)).collect();
    let mut person = 0;
    let mut number = 0u64;
    let mut last_phone = phone(&mut random);
    while made.len() < rows {
        let mut own = phone(&mut random);
        if random.in_thousand(80) {
            own.clone_from(&last_phone); // somebody of the same household
        }
        last_phone.clone_from(&own);
        let second = phone(&mut random);
        let name = format!("{} {}", random.of(&FAMILY), random.of(&GIVEN));
        let email = format!(
            "khach{}@{}",
            random.below(1 << 40),
            random.of(&["gmail.com", "yahoo.com", "example.com"])
        );
        for _ in 0..[1, 1, 1, 2, 2, 3, 4, 6].get(random.below(8) as usize).copied().unwrap_or(1) {
            number += 1;
            let vendor = VENDORS.get(random.below(5) as usize).copied().unwrap_or("sapo");
            let at = 1_700_000_000 + random.below(60_000_000) as i64;
            let typed = match random.below(1000) {
                0..840 => written(&mut random, &own),
                840..890 => written(&mut random, &second),
                890..920 => shop.get(random.below(shop.len() as u64) as usize).cloned().unwrap_or_default(),
                920..935 => {
                    format!("{}****{}", own.get(..3).unwrap_or_default(), own.get(7..).unwrap_or_default())
                }
                935..945 => {
                    random.of(&["0912345678", "0987654321", "0000000000", "không có", "113"]).to_owned()
                }
                _ => String::new(),
            };
            let mail = match random.below(1000) {
                0..380 => email.clone(),
                380..400 => email.to_uppercase(),
                400..430 => {
                    random.of(&["test@gmail.com", "guest@haravan.com", "khongco@gmail.com", "a@a"]).to_owned()
                }
                _ => String::new(),
            };
            let row = |person, id: String, at, phone: String, email: String| Labelled {
                person,
                vendor,
                id,
                name: name.clone(),
                phone,
                email,
                at,
            };
            let again = random.in_thousand(30);
            if again {
                made.push(row(person, format!("KH{number:07}"), at, typed.clone(), mail.clone()));
            }
            made.push(row(person, format!("KH{number:07}"), at, typed, mail));
            // The recipient of a gift, whom a Haravan shop keeps under the buyer's phone.
            if vendor == "haravan" && random.in_thousand(200) {
                person += 1;
                number += 1;
                let phone = written(&mut random, &own);
                made.push(row(person, format!("KH{number:07}"), at + 60, phone, String::new()));
                person -= 1;
            }
        }
        person += 2;
    }
    made.truncate(rows);
    for at in (1..made.len()).rev() {
        made.swap(at, random.below(at as u64 + 1) as usize);
    }
    made
}

/// Groups labelled rows.
pub(crate) fn cluster(rows: &[Labelled], rules: &IdentityRules) -> Option<Clusters> {
    let mut clustering = Clustering::new(rules.clone()).ok()?;
    for row in rows {
        let guard = rules.guarded_vendors.contains(row.vendor).then_some(&Guard::Account);
        let taken = ClusterRow {
            vendor: row.vendor,
            account: "",
            kind: SubjectKind::Customer,
            id: &row.id,
            customer: None,
            created_at: None,
            phones: &[&row.phone],
            emails: &[&row.email],
            guard,
        };
        clustering.push_at(&taken, row.at * 1_000_000_000);
    }
    clustering.finish(|_| ControlFlow::Continue(())).ok()
}

/// How well groups fit the labels. Rows delivered twice count once.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Quality {
    /// Of the pairs in one group, how many are one person.
    pub(crate) precision: f64,
    /// Of the pairs that are one person, how many are in one group.
    pub(crate) recall: f64,
    /// F1 over groups that are exactly one person's records.
    pub exact_f1: f64,
    /// Rows of the biggest group.
    pub(crate) biggest: usize,
    /// How many groups there are.
    pub(crate) groups: usize,
}

/// Compares groups with labels.
pub(crate) fn quality(rows: &[Labelled], clusters: &Clusters) -> Quality {
    let mut seen = HashMap::new();
    let mut groups: HashMap<u32, usize> = HashMap::new();
    let mut persons: HashMap<u32, usize> = HashMap::new();
    let mut both: HashMap<(u32, u32), usize> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        if seen.insert((row.vendor, row.id.as_str()), ()).is_some() {
            continue;
        }
        let group = clusters.group_of(at).unwrap_or(0);
        *groups.entry(group).or_insert(0) += 1;
        *persons.entry(row.person).or_insert(0) += 1;
        *both.entry((group, row.person)).or_insert(0) += 1;
    }
    let pairs =
        |sizes: &mut dyn Iterator<Item = &usize>| sizes.map(|&n| (n * (n - 1) / 2) as f64).sum::<f64>();
    let found = pairs(&mut groups.values());
    let real = pairs(&mut persons.values());
    let right = pairs(&mut both.values());
    let exact = both
        .iter()
        .filter(|((group, person), size)| {
            groups.get(group) == Some(size) && persons.get(person) == Some(size)
        })
        .count() as f64;
    Quality {
        precision: right / found.max(1.0),
        recall: right / real.max(1.0),
        exact_f1: 2.0 * exact / (groups.len() + persons.len()) as f64,
        biggest: groups.values().copied().max().unwrap_or(0),
        groups: groups.len(),
    }
}
