#!/usr/bin/env bash
# lodash.deburr 4.1.0, remove-accents 0.5.0, diacritics 1.3.0 (npm): each strips Vietnamese names in one Unicode form only,
# the first in the other form than the rest, and remove-accents leaves three letters in both.
#
# Guess: they differ in ligatures and rare letters; a name of everyday letters comes out as ASCII, composed or not.
# Seen: of 134 accented letters, composed, deburr leaves 94, so "Nguyễn" stays as it is while "Lê" becomes "Le"; decomposed
# it leaves none. remove-accents and diacritics leave every decomposed letter, and remove-accents also ỷ, ỹ, ỵ composed:
# "Mỹ" and "Thuỷ" (not "Thủy") keep theirs. A search key made by one of them finds some names and not others, and which
# ones depends on whether the name was typed on a phone or came in a file from a Mac.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' > package.json
npm install --silent --no-audit --no-fund lodash.deburr@4.1.0 remove-accents@0.5.0 diacritics@1.3.0
cat > strip.cjs <<'JS'
const assert = require("node:assert");
const strippers = {
    "lodash.deburr": require("lodash.deburr"),
    "remove-accents": require("remove-accents"),
    diacritics: require("diacritics").remove,
};
const small = "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ";
const letters = [...small + small.toUpperCase()];
const left = {};
for (const [name, strip] of Object.entries(strippers)) {
    const kept = (form) => letters.filter((letter) => /[^a-z]/i.test(strip(letter.normalize(form)))).length;
    left[name] = [kept("NFC"), kept("NFD")];
    const examples = ["Nguyễn", "Lê", "Mỹ"].map((word) => `${strip(word.normalize("NFC"))} ${strip(word.normalize("NFD"))}`);
    console.log(name, "leaves", left[name], "of", letters.length, "(composed, decomposed):", examples.join(", "));
}
// đ and Đ have no decomposed form.
assert.deepStrictEqual(left, { "lodash.deburr": [94, 0], "remove-accents": [6, 132], diacritics: [0, 132] });
assert.strictEqual(strippers["remove-accents"]("Thuỷ Thủy"), "Thuỷ Thuy");
JS
node strip.cjs
