"""One word for one thing: pages of the server, pages of the browser, and both languages agree."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from whatstr.campaigns import retention as campaign_retention
from whatstr.support import retention as support_retention

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
PUBLIC = TEMPLATES / "public"
SCRIPTS = ROOT / "whatstr" / "static" / "js"
CATALOGUES = ROOT / "whatstr" / "translations" / "tr" / "LC_MESSAGES"

# What must never be claimed (the vault design, section 18).
FORBIDDEN = {
    "tr": (
        "alıcıya kadar uçtan uca",
        "hiçbir üçüncü taraf göremez",
        "hiçbir koşulda göremez",
        "kırılamaz",
    ),
    "en": (
        "end-to-end to the recipient",
        "no third party can",
        "under no circumstances",
        "unbreakable",
    ),
}


def turkish() -> dict[tuple[str | None, str], str]:
    """(context, English) -> Turkish, of all catalogues."""
    found: dict[tuple[str | None, str], str] = {}
    for path in CATALOGUES.glob("*.po"):
        with path.open("rb") as file:
            for message in read_po(file, locale="tr"):
                if not message.id:
                    continue
                first = message.id if isinstance(message.id, str) else message.id[0]
                text = message.string if isinstance(message.string, str) else message.string[0]
                found[message.context, first] = text
    return found


def templates() -> list[Path]:
    """The templates of the shared frame and the public pages."""
    folders = ("macros", "public", "errors", "email", "portal")
    found = [TEMPLATES / "base.html"]
    for folder in folders:
        found += [p for p in (TEMPLATES / folder).rglob("*") if p.suffix in (".html", ".txt")]
    return sorted(found)


def test_every_english_sentence_has_its_turkish_twin() -> None:
    known = turkish()
    missing = []
    for path in templates():
        words = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
        found = extract_from_file("jinja2.ext:babel_extract", str(path), keywords=words)
        for _line, text, _comments, context in found:
            first = text if isinstance(text, str) else text[0]
            if not known.get((context, first)):
                missing.append((path.name, first))
    assert missing == []


def statuses(name: str, source: str) -> dict[str, tuple[str, ...]]:
    """The rows of a table of statuses, read from the script's source."""
    body = source.split(f"export const {name} = {{", 1)[1].split("\n};", 1)[0]
    row = r'(\w+): \{ tr: "([^"]+)", en: "([^"]+)", tone: "([^"]+)", icon: "([^"]+)" \}'
    return {key: tuple(rest) for key, *rest in re.findall(row, body)}


def test_statuses_are_the_same_in_scripts_templates_and_catalogue() -> None:
    script = (SCRIPTS / "ui" / "status.mjs").read_text("utf-8")
    macro = (TEMPLATES / "macros" / "status.html").read_text("utf-8")
    known = turkish()
    for name, context in (
        ("MESSAGE_STATUSES", "message status"),
        ("CAMPAIGN_STATES", "campaign state"),
    ):
        in_script = statuses(name, script)
        body = macro.split(f"set {name} = {{", 1)[1].split("\n}", 1)[0]
        rows = re.findall(r'"(\w+)": \("([^"]+)", "([^"]+)", "([^"]+)"\)', body)
        in_macro = {key: (known[context, word], word, tone, icon) for key, word, tone, icon in rows}
        assert in_script == in_macro
        assert list(in_script) == list(in_macro)


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    sprite = (TEMPLATES / "macros" / "icons.svg").read_text("utf-8")
    drawn = set(re.findall(r'id="i-([\w-]+)"', sprite))
    named = set(re.findall(r'icon: "([\w-]+)"', (SCRIPTS / "ui" / "status.mjs").read_text()))
    for path in [*templates(), *(SCRIPTS / "ui").glob("*.mjs")]:
        named |= set(re.findall(r'\bicon\("([\w-]+)"', path.read_text("utf-8")))
    assert named <= drawn


def test_shared_words_have_the_same_keys_in_both_languages() -> None:
    source = (SCRIPTS / "i18n" / "ui.mjs").read_text("utf-8")
    tr, en = source.split("\n  tr: {", 1)[1].split("\n  en: {", 1)
    assert re.findall(r"^    (\w+):", tr, re.M) == re.findall(r"^    (\w+):", en, re.M)


def test_long_texts_exist_in_both_languages_with_the_same_sections() -> None:
    texts = [*(PUBLIC / "text").glob("*.tr.html"), *(PUBLIC / "legal").glob("*.tr.html")]
    assert len(texts) >= 6
    for path in texts:
        twin = path.with_name(path.name.replace(".tr.", ".en."))
        marks = r"<(h2|h3|p|li|tr)\b"
        ours, theirs = (re.findall(marks, p.read_text("utf-8")) for p in (path, twin))
        assert ours == theirs, path.name


def test_legal_documents_have_the_nine_sections() -> None:
    for path in (PUBLIC / "legal").glob("*-2026-11-01.*.html"):
        numbers = re.findall(r"<h2 [^>]*>(\d+)\. ", path.read_text("utf-8"))
        assert numbers == [str(n) for n in range(1, 10)], path.name


def test_the_claim_is_repeated_word_for_word_in_the_privacy_text() -> None:
    for lang in FORBIDDEN:
        claim = (PUBLIC / "text" / f"claim.{lang}.html").read_text("utf-8")
        sentence = re.search(r"<p>(.+)</p>", claim)
        assert sentence
        privacy = (PUBLIC / "legal" / f"privacy-2026-11-01.{lang}.html").read_text("utf-8")
        assert sentence[1] in privacy


def test_the_privacy_text_says_how_long_the_worker_keeps_things() -> None:
    """A time that changes in the code changes in the notice, in both languages."""
    campaigns, threads = campaign_retention.KEPT.days, support_retention.KEPT.days // 365
    years = {2: ("iki yıl", "two years")}[threads]
    said = (
        (f"{campaigns} gün;", f"kapandıktan sonra {years[0]}, hesabınız silinirse hemen;"),
        (f"{campaigns} days;", f"{years[1]} after they are closed, at once if your account is"),
    )
    for lang, sentences in zip(("tr", "en"), said, strict=True):
        privacy = (PUBLIC / "legal" / f"privacy-2026-11-01.{lang}.html").read_text("utf-8")
        assert all(one in privacy for one in sentences), lang


def test_nothing_is_claimed_that_is_not_so() -> None:
    said = "\n".join(p.read_text("utf-8") for p in templates())
    said += "\n".join(p.read_text("utf-8") for p in CATALOGUES.glob("*.po"))
    said = said.casefold()
    for phrases in FORBIDDEN.values():
        for phrase in phrases:
            assert phrase not in said


def test_pages_carry_no_inline_script_or_style() -> None:
    for path in templates():
        source = path.read_text("utf-8")
        assert not re.search(r"\sstyle\s*=|<style|\son\w+\s*=\s*[\"']|javascript:", source), path
        for tag in re.findall(r"<script\b[^>]*>(?:.(?!</script>))*", source, re.S):
            assert "src=" in tag, (path, tag)


def test_scripts_use_no_dangerous_sink() -> None:
    sinks = r"innerHTML|outerHTML\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function"
    for path in (SCRIPTS / "ui").iterdir():
        source = re.sub(r'"(inner|outer)html"', "", path.read_text("utf-8"))
        assert not re.search(sinks, source), path.name


def test_no_literal_goes_through_a_filter_of_the_language() -> None:
    """Jinja folds `{{ 5|money }}` while compiling: every reader would get the first one's form."""
    literal = r"(?<![\w.])[\d.]+\s*\|\s*(number|money|datetime)\b"
    found = [p.name for p in TEMPLATES.rglob("*.html") if re.search(literal, p.read_text("utf-8"))]
    assert found == []


# Figures that are never one: limits, choices, parts of something longer.
ALWAYS_SEVERAL = {
    *("buyText", "endsDays", "lateMinutes", "limitUsed", "manyErrors", "minutesChoice"),
    *("rateChanged", "rejectsFirst", "sameText", "startAtHelp", "textHelp"),
}


def test_english_has_the_singular_beside_a_number_that_may_be_one() -> None:
    several = re.compile(r'^    (\w+): "[^"]*\{\w+\} (?:people|(?!was |is )[a-z-]+s)\b', re.M)
    found = {}
    for path in (SCRIPTS / "i18n").glob("*.mjs"):
        for block in re.split(r"\n  en: \{", path.read_text("utf-8"))[1:]:
            for key in set(several.findall(block.split("\n  }", 1)[0])) - ALWAYS_SEVERAL:
                found[f"{path.name}: {key}"] = key
    assert sorted(found) == []
