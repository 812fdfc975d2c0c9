#!/usr/bin/env bash
# phonenumbers 9.0.43 (the Python port of libphonenumber), numbers searched in the notes of orders, region VN: a number that
# stands beside a full date is not found, and a sum of dong is found as a number.
#
# Guess: a date ends where the blank is, so the number after it is a candidate of its own; dots in threes with nine digits
# and no zero in front are an amount.
# Seen: "Giao 28/02/2026 0912000123" has no number, in the other order neither, nor with a dash or parentheses between. The
# rule against dates drops the whole run of digits, and only a comma, a colon or a word ends it; "28/02" without the year
# and "28-02-2026" do no harm. "Cọc 385.000.000 đ" (a deposit) is a valid mobile number, as 383 of the 900 amounts
# from 100 to 999 million are. Two numbers joined by a hyphen without blanks are none. The delivery date and the phone are
# what such a note holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile phonenumbers==9.0.43
cat > notes.py <<'PY'
import phonenumbers

def found(note):
    return [phonenumbers.format_number(one.number, 0) for one in phonenumbers.PhoneNumberMatcher(note, "VN")]

one = ["+84912000123"]
notes = {
    "Giao 28/02/2026 0912000123": [], "0912000123 28/02/2026": [], "28/02/2026 - 0912000123": [],
    "0912000123 (28/02/2026)": [], "Giao 28/02/2026, 0912000123": one, "Giao 28/02 0912000123": one,
    "Giao 28-02-2026 0912000123": one, "0912000123-0987000123": [], "0912000123/0987000123": one + ["+84987000123"],
    "Cọc 385.000.000 đ": ["+84385000000"],
}
print("phonenumbers", phonenumbers.__version__)
for note, expected in notes.items():
    seen = found(note)
    print(note, "->", seen)
    assert seen == expected, expected
amounts = sum(bool(found(f"Cọc {millions}.000.000 đ")) for millions in range(100, 1000))
print(amounts, "of 900 amounts are numbers")
assert amounts == 383
PY
venv/bin/python notes.py
