#!/usr/bin/env bash
# vietnam-provinces 0.6.0 and 2025.10.1 from PyPI, the official place codes before and after the reform of July 2025: the
# codes went on, the places did not.
#
# Guess: a merged province or ward gets a new code, or keeps its code with its name, so a code that is still in the list is
# the place that it was.
# Seen: 3 310 of the 3 321 wards have a code of before, and 2 183 of these codes had another ward's name. Of the 34 provinces
# seven have the code of another one: 52 was Binh Dinh and is Gia Lai, whose own code 64 is gone; 15, 24, 44, 80, 82, 91
# alike. Some codes have changed hands inside one province: 634 was Đại Mỗ and is Tây Mỗ, while Đại Mỗ is 637. An address
# whose code is looked up in the other list gets a real place, and a wrong one, without a word.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
for version in 0.6.0 2025.10.1; do
    venv/bin/pip install --quiet --disable-pip-version-check --no-compile --no-deps --target "$version" "vietnam-provinces==$version"
done
cat > codes.py <<'PY'
import json

def read(version):
    with open(f"{version}/vietnam_provinces/data/nested-divisions.json", encoding="utf-8") as file:
        return json.load(file)

def plain(name):
    return name.removeprefix("Tỉnh ").removeprefix("Thành phố ")

before, after = read("0.6.0"), read("2025.10.1")
provinces = [{province["code"]: plain(province["name"]) for province in read} for read in (before, after)]
wards = [
    {ward["code"]: ward["name"] for province in before for district in province["districts"] for ward in district["wards"]},
    {ward["code"]: ward["name"] for province in after for ward in province["wards"]},
]
kept = wards[0].keys() & wards[1].keys()
renamed = sum(wards[0][code] != wards[1][code] for code in kept)
print(len(wards[0]), "wards before,", len(wards[1]), "after;", len(kept), "codes are in both,", renamed, "name another ward")
taken = {code: (name, provinces[1][code]) for code, name in provinces[0].items() if provinces[1].get(code, name) != name}
print("provinces:", taken)
print("634:", wards[0][634], "->", wards[1][634], "· 637 is now", wards[1][637])
assert (len(wards[1]), len(kept), renamed) == (3321, 3310, 2183)
assert sorted(taken) == [15, 24, 44, 52, 80, 82, 91] and taken[52] == ("Bình Định", "Gia Lai") and 64 not in provinces[1]
assert wards[0][634] == wards[1][637] == "Phường Đại Mỗ"
PY
venv/bin/python codes.py
