// What a vault password must be. It is the only lock on the vault, and we cannot reset it.
const SHORTEST = 12;

// Long passwords that people really choose; the short ones are refused by length.
const COMMON = new Set(`
123456789012 1234567890123 12345678901234 123456789101112 012345678910 000000000000 111111111111
112233445566 121212121212 123123123123 123321123321 987654321012 abcdefghijkl abcdefgh1234 abc123abc123
qwertyuiop12 qwertyuiop123 qwerty123456 qwerty1234567 qwertyuiopas qwertyqwerty asdfghjklzxc asdfghjkl123
1q2w3e4r5t6y 1qaz2wsx3edc zaq12wsxcde3 q1w2e3r4t5y6 password1234 password12345 password123456 passwordpassword
iloveyou1234 welcome12345 letmein12345 administrator administrator1 changeme1234 trustno11234 sunshine1234
parola123456 parola1234567 parolaparola sifre1234567 sifre12345678 şifre1234567 şifre12345678 sifresifre12
türkiye12345 turkiye12345 turkiye123456 istanbul1234 istanbul12345 istanbul3434 ankara123456 izmir3535353535
galatasaray1905 galatasaray1 fenerbahce1907 fenerbahçe1907 besiktas1903 beşiktaş1903 trabzonspor61 trabzonspor1967
seniseviyorum seniseviyorum1 askimaskim12 bismillah123 bismillahirrahmanirrahim allahallah12 maşallah1234
whatsapp1234 whatsapp12345 whatstr12345 mustafakemal mustafakemal1881 ataturk18811938 atatürk18811938
`.split(/\s+/).filter(Boolean));

/** null when good, else `password_short` or `password_common`. */
export function passwordProblem(password, email = "") {
  const plain = password.normalize("NFKC");
  if ([...plain].length < SHORTEST) return "password_short";
  const low = plain.toLowerCase();
  const user = email.toLowerCase().split("@")[0];
  const few = new Set(low).size < 5;
  const rest = user.length >= 4 ? low.replaceAll(user, "") : low;
  return COMMON.has(low) || few || rest.length < 6 || counting(low) ? "password_common" : null;
}

/** Letters or digits that only count up, down or repeat. */
function counting(text) {
  const steps = new Set();
  for (let i = 1; i < text.length; i += 1) steps.add(text.charCodeAt(i) - text.charCodeAt(i - 1));
  return steps.size === 1;
}
