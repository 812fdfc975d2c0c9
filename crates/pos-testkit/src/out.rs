//! Writes JSON straight into bytes: pages of a sandbox must cost less than reading them.

/// A growing JSON text. Strings handed to [`raw`](Out::raw) must need no escaping.
#[derive(Debug, Default)]
pub(crate) struct Out(pub(crate) Vec<u8>);

const PAIRS: &[u8; 200] = b"00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// Viet Nam wall time is seven hours ahead.
pub(crate) const OFFSET_MS: i64 = 7 * 3_600_000;

impl Out {
    pub(crate) fn raw(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        let mut buffer = [0_u8; 20];
        let mut at = buffer.len();
        let mut rest = value.unsigned_abs();
        loop {
            at -= 1;
            buffer[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            self.0.push(b'-');
        }
        self.0.extend_from_slice(&buffer[at..]);
        self
    }

    /// At least `width` digits, with leading zeros.
    pub(crate) fn pad(&mut self, value: u64, width: usize) -> &mut Self {
        let mut buffer = [b'0'; 20];
        let mut at = buffer.len();
        let mut rest = value;
        while rest > 0 {
            at -= 1;
            buffer[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.0.extend_from_slice(&buffer[at.min(buffer.len() - width)..]);
        self
    }

    fn two(&mut self, value: u32) -> &mut Self {
        let at = (value as usize % 100) * 2;
        self.0.extend_from_slice(&PAIRS[at..at + 2]);
        self
    }

    /// `2025-11-02T14:03:57.3830000`, Viet Nam wall time, without quotes and offset.
    pub(crate) fn wall(&mut self, unix_ms: i64) -> &mut Self {
        let local = unix_ms + OFFSET_MS;
        let (year, month, day) = civil(local.div_euclid(86_400_000));
        let in_day = local.rem_euclid(86_400_000) as u32;
        self.two((year / 100) as u32).two((year % 100) as u32).raw("-").two(month).raw("-").two(day).raw("T");
        self.two(in_day / 3_600_000)
            .raw(":")
            .two(in_day / 60_000 % 60)
            .raw(":")
            .two(in_day / 1000 % 60)
            .raw(".");
        self.pad(u64::from(in_day % 1000), 3).raw("0000")
    }

    /// A quantity in thousandths: `2`, `1.5`, `2.25`.
    pub(crate) fn thousandths(&mut self, value: i64) -> &mut Self {
        self.int(value / 1000);
        let rest = (value % 1000).unsigned_abs();
        if rest > 0 {
            self.raw(".");
            match (rest % 10, rest % 100) {
                (_, 0) => self.pad(rest / 100, 1),
                (0, _) => self.pad(rest / 10, 2),
                _ => self.pad(rest, 3),
            };
        }
        self
    }
}

/// Year, month and day of a day number since 1970-01-01.
pub(crate) fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_shifted + 2) / 5 + 1) as u32;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Out)) -> String {
        let mut out = Out::default();
        write(&mut out);
        String::from_utf8(out.0).unwrap()
    }

    #[test]
    fn writes_numbers_and_times() {
        assert_eq!(
            text(|out| {
                out.int(0).raw(" ").int(-1_234_567).raw(" ").int(i64::MIN);
            }),
            "0 -1234567 -9223372036854775808"
        );
        assert_eq!(
            text(|out| {
                out.pad(42, 6).raw(" ").pad(1_234_567, 6).raw(" ").pad(0, 3);
            }),
            "000042 1234567 000"
        );
        assert_eq!(
            text(|out| {
                out.thousandths(2000)
                    .raw(" ")
                    .thousandths(1500)
                    .raw(" ")
                    .thousandths(2250)
                    .raw(" ")
                    .thousandths(1005);
            }),
            "2 1.5 2.25 1.005"
        );
        let at = time::macros::datetime!(2024-02-29 23:59:58.07 +07:00);
        let ms = (at.unix_timestamp_nanos() / 1_000_000) as i64;
        assert_eq!(
            text(|out| {
                out.wall(ms);
            }),
            "2024-02-29T23:59:58.0700000"
        );
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(-1), (1969, 12, 31));
    }
}
