//! Labels in phone fields that say that what follows is another kind of number: a tax code, a personal id, an account.
//!
//! Letters come in one byte each; what stands above 0x7f is a letter that lost its accent. Words are put together, so
//! `M.S.T`, `mã số thuế` and `MASOTHUE` are one label.

/// The labels, without accents and blanks.
const LABELS: &[&str] = &[
    // Tax codes and numbers of firms.
    "mst",
    "mstcn",
    "mstdn",
    "msthue",
    "mathue",
    "masothue",
    "sothue",
    "msdn",
    "masodn",
    "masodoanhnghiep",
    "madoanhnghiep",
    "madn",
    "dkkd",
    "sodkkd",
    "gpkd",
    "gpdkkd",
    "gcndkkd",
    "gcndkdn",
    "dangkykinhdoanh",
    "giayphepkinhdoanh",
    "mshkd",
    "masohokinhdoanh",
    "tax",
    "taxcode",
    "taxid",
    "taxno",
    "taxnumber",
    "vatcode",
    "vatid",
    "vatno",
    "vatnumber",
    "businesscode",
    // Personal ids.
    "cccd",
    "cancuoc",
    "cancuoccongdan",
    "thecancuoc",
    "cmnd",
    "cmtnd",
    "cmt",
    "cmdn",
    "cmqd",
    "chungminh",
    "chungminhthu",
    "chungminhnhandan",
    "chungminhthunhandan",
    "giaychungminh",
    "dinhdanh",
    "dinhdanhcanhan",
    "ddcn",
    "sddcn",
    "mddcn",
    "hochieu",
    "hokhau",
    "passport",
    "idcard",
    "idno",
    "idnumber",
    "identitycard",
    "nationalid",
    "citizenid",
    "gplx",
    "giaypheplaixe",
    "banglai",
    "banglaixe",
    "bhxh",
    "baohiemxahoi",
    "bhyt",
    "baohiemyte",
    // Accounts.
    "stk",
    "sotk",
    "sotaikhoan",
    "taikhoan",
    "tknh",
    "tk",
    "accountno",
    "accountnumber",
    "accno",
    "bankaccount",
];

/// Words that say what a number is after all, or that begin something else.
const PHONES: &[&str] = &[
    "dt", "sdt", "dtdd", "dien", "thoai", "di", "dong", "dd", "tel", "phone", "fone", "mobile", "mob",
    "cell", "hp", "zalo", "viber", "whatsapp", "momo", "goi", "call", "lh", "lien", "hotline", "contact",
    "alo", "may", "hoac", "va", "hay", "or", "and", "con",
];

/// Words before a label that say that there is none.
const NEGATIONS: &[&str] =
    &["khong", "khongco", "ko", "koco", "k", "kco", "chua", "chuaco", "kocan", "khongcan"];

/// Words between a label and its number: `MST công ty Thử Nghiệm: 0312345673`.
const MAX_BETWEEN: u8 = 4;

const LETTERS: usize = 48;

/// What a word was.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Heard {
    /// It ends a label, and nothing but the label stands behind the digits before.
    LabelAtOnce,
    /// Anything else.
    Other,
}

/// The words since the last digits.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    letters: [u8; LETTERS],
    len: usize,
    /// Bit n: a word begins at letter n.
    starts: u64,
    /// Words since the label.
    since: Option<u8>,
    /// Something was forgotten because it was too long.
    long: bool,
}

impl Default for Labels {
    fn default() -> Self {
        Self { letters: [0; LETTERS], len: 0, starts: 0, since: None, long: false }
    }
}

impl Labels {
    /// Whether the next digits are what a label is about.
    pub(super) fn is_open(&self) -> bool {
        self.since.is_some()
    }

    /// Hears one word.
    pub(super) fn hear(&mut self, word: &[u8]) -> Heard {
        if self.len + word.len() > LETTERS {
            (self.len, self.starts, self.long) = (0, 0, true);
        }
        let start = self.len;
        for byte in word {
            let Some(slot) = self.letters.get_mut(self.len) else { break };
            *slot = (byte & 0x7f).to_ascii_lowercase();
            self.len += 1;
        }
        self.starts |= 1 << start;
        let heard = self.letters.get(..self.len).unwrap_or_default();
        let ends = |heard: &[u8], words: &[&str]| -> Option<usize> {
            words
                .iter()
                .filter(|word| heard.ends_with(word.as_bytes()))
                .map(|word| heard.len() - word.len())
                .filter(|&at| self.starts >> at & 1 == 1)
                .min()
        };
        if let Some(at) = ends(heard, LABELS) {
            if ends(heard.get(..at).unwrap_or_default(), NEGATIONS).is_some() {
                self.since = None;
                return Heard::Other;
            }
            self.since = Some(0);
            return if at == 0 && !self.long { Heard::LabelAtOnce } else { Heard::Other };
        }
        let word = heard.get(start..).unwrap_or_default();
        self.since = self
            .since
            .filter(|&since| since < MAX_BETWEEN && !PHONES.iter().any(|phone| phone.as_bytes() == word))
            .map(|since| since + 1);
        Heard::Other
    }
}
