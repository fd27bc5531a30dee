"""The user's language: which catalog is taken, and that every catalog is whole."""

from __future__ import annotations

import ast
import gettext
import re
from collections import Counter
from pathlib import Path

import pytest
import translations
from babel.messages.catalog import Catalog

from client import translation

CASES = [(part, language) for part in translations.PARTS for language in translations.LANGUAGES]
"""Every catalog."""

PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[-+ #0]*\d*(?:\.\d+)?[a-zA-Z%]|\{\w+(?:!r)?\}")
"""What the operator % replaces (Python's printf-style formatting), and click's braces."""
KEY = re.compile(r"[&_]\w")
"""A letter that chooses an entry: "&Color" in Qt, "_Color" in GTK."""


@pytest.fixture
def _english_afterwards() -> None:
    yield
    translation.use_languages(["en"])


# --- which catalog --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"LANG": "de_AT.UTF-8"}, "Das Foto wird gelesen"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "ja"}, "写真を読み込んでいます"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "en:de"}, "Reading the photo"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "nl:fr"}, "Lecture de la photo"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "pl_PL@euro"}, "Odczytywanie zdjęcia"),
        ({"LANG": "C", "LANGUAGE": "de"}, "Reading the photo"),
        ({"LANGUAGE": "pt"}, "Lendo a foto"),
        ({"LANG": "zh_TW.UTF-8"}, "Reading the photo"),
        ({"LANG": "zh-Hans-CN"}, "正在读取照片"),
        ({"LANG": "nl_NL.UTF-8"}, "Reading the photo"),
        ({"LANG": "../../etc"}, "Reading the photo"),
        ({}, "Reading the photo"),
    ],
)
@pytest.mark.usefixtures("_english_afterwards")
def test_the_environment_chooses(environ: dict[str, str], expected: str) -> None:
    translation.use_languages(translation.languages_of(environ))
    assert translation._("Reading the photo") == expected


@pytest.mark.usefixtures("_english_afterwards")
def test_a_damaged_catalog_is_no_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = translations.po_path("plug-ins", "de").with_suffix(".mo").read_bytes()
    path = tmp_path / "de" / "LC_MESSAGES" / "handtint.mo"
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(translation, "FOLDER", str(tmp_path))
    for content in (b"", b"garbage", whole[:100], whole[:-1000]):
        path.write_bytes(content)
        translation.use_languages(["de"])
        assert translation._("Reading the photo") == "Reading the photo"
    path.write_bytes(whole)
    translation.use_languages(["de"])
    assert translation._("Reading the photo") == "Das Foto wird gelesen"


# --- every catalog is whole ------------------------------------------------------------------


def faults_of(catalog: Catalog) -> list[str]:
    """What is wrong with the translations of a catalog, a line each."""
    faults = []
    for message in catalog:
        if not message.id:
            continue
        text, own = str(message.id), str(message.string)
        if not own.strip():
            faults.append(f"no translation: {text}")
        elif message.fuzzy:
            faults.append(f"marked as fuzzy: {text}")
        else:
            faults += [f"{fault}: {text} -> {own}" for fault in differences(text, own)]
    return faults


def differences(text: str, own: str) -> list[str]:
    """What a translation has to have in common with its sentence, and has not."""
    faults = []
    if Counter(m[0] for m in PLACEHOLDER.finditer(text)) != Counter(
        m[0] for m in PLACEHOLDER.finditer(own)
    ):
        faults.append("other placeholders")
    if text.count("\n") != own.count("\n"):
        faults.append("other lines")
    if (text[:1].isspace(), text[-1:].isspace()) != (own[:1].isspace(), own[-1:].isspace()):
        faults.append("other blanks around it")
    if len(KEY.findall(PLACEHOLDER.sub("", text))) != len(KEY.findall(PLACEHOLDER.sub("", own))):
        faults.append("another number of keys (& or _)")
    if text.endswith("...") != own.endswith(("...", "…")):
        faults.append("another end")
    return faults


def test_faults_are_seen() -> None:
    assert differences("%(layer)s is empty.", "%(layer)s ist leer.") == []
    assert differences("&Color", "색(&C)") == []
    assert differences("Hint stren_gth", "ヒントの強さ(_G)") == []
    for text, own in (
        ("%(layer)s is empty.", "%(Ebene)s ist leer."),
        ("%d %%", "%d %"),
        ("one\ntwo", "eins zwei"),
        ("&Color", "Farbe"),
        ("Hint stren_gth", "Stärke"),
        ("Export...", "Exportieren"),
    ):
        assert differences(text, own), (text, own)
    catalog = Catalog(locale="de")
    catalog.add("Colors", "")
    catalog.add("Photo", "Foto", flags=["fuzzy"])
    assert len(faults_of(catalog)) == 2


@pytest.mark.parametrize(("part", "language"), CASES)
def test_every_sentence_is_translated(part: str, language: str) -> None:
    """`make translations` and filled handtint.po make this green (CONTRIBUTING.md)."""
    catalog = translations.read_catalog(part, language)
    texts = {str(message.id) for message in catalog if message.id}
    assert texts == set(translations.sentences(part)), "run make translations"
    assert faults_of(catalog) == []


@pytest.mark.parametrize(("part", "language"), CASES)
def test_the_compiled_catalog_is_of_this_one(part: str, language: str) -> None:
    if not translations.sentences(part):
        pytest.skip("nothing is marked there")
    path = translations.po_path(part, language)
    with path.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in translations.read_catalog(part, language):
        if message.id:
            assert compiled.gettext(str(message.id)) == message.string, "run make translations"


# --- the sentences in the code ----------------------------------------------------------------

SENTENCES = [(part, text) for part in translations.PARTS for text in translations.sentences(part)]


def test_placeholders_have_names_where_there_are_several() -> None:
    """Another language may need another order."""
    for _part, text in SENTENCES:
        found = [m for m in PLACEHOLDER.finditer(text) if m[0].startswith("%") and m[0] != "%%"]
        bare = [m for m in found if not m[1]]
        assert len(bare) <= 1, text


FILES = [path for part in translations.PARTS for path in translations.sources(part)]


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_nothing_hides_the_function(path: Path) -> None:
    """A function that assigns to _ cannot translate; what is put together cannot be found."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            names = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == "_"]
            stored = [n for n in names if isinstance(n.ctx, ast.Store)]
            arguments = [a for a in ast.walk(node.args) if isinstance(a, ast.arg) and a.arg == "_"]
            loaded = [n for n in names if isinstance(n.ctx, ast.Load)]
            assert not (loaded and (stored or arguments)), f"line {node.lineno}"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "N_"):
            assert not isinstance(node.args[0], (ast.BinOp, ast.JoinedStr)), f"line {node.lineno}"
            marks = isinstance(node.args[0], ast.Constant)
            assert marks or getattr(node.func, "id", "") == "_", f"line {node.lineno}"


WORDS = re.compile(r"[A-Za-z&_]{2,}[,.:;]? [A-Za-z&_(]+|^[&_][A-Z]\w+|^[A-Z][a-z]*[&_][a-z]+$")
"""What looks like a sentence, or the words of a button; one word if it has a key."""

NOT_SHOWN = re.compile(
    # names of formats, code, messages and markup for other programs, texts kept in files
    r"R'G'B|Y'|Y float|Y u8|require_version|Content-|form-data|multipart|Bearer|<span|^handtint "
    r"|^Application Support$|^painted over$|^Handtint: results|^The Handtint authors$|icc$"
    r"|^Colorized with Handtint$|^[&_]Handtint$|: a trained model, weights|^QToolButton:"
)
UNTRANSLATED = ("ValueError", "TypeError", "KeyError", "Dropped", "_", "N_", "in_all_languages")
"""What may be given plain sentences: faults that no user sees, and the marks themselves."""

NOT_IN_A_LANGUAGE = ("package", "handtint", "__init__", "translation")
"""Files that speak before there is a catalog, or not to users."""

PLUGIN_FILES = [
    path for path in translations.sources("plug-ins") if path.stem not in NOT_IN_A_LANGUAGE
]


@pytest.mark.parametrize("path", PLUGIN_FILES, ids=[path.stem for path in PLUGIN_FILES])
def test_no_sentence_is_without_a_mark(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in UNTRANSLATED:
            passed |= {id(inner) for argument in node.args for inner in ast.walk(argument)}
    found = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in passed
        and WORDS.search(PLACEHOLDER.sub("", node.value))
        and not NOT_SHOWN.search(node.value)
    ]
    assert found == [], "mark them with _() (CONTRIBUTING.md)"


def test_the_list_of_plugins_in_krita_speaks_too() -> None:
    text = (translations.ROOT / "plugins/krita/handtint.desktop").read_text("utf-8")
    assert translations.with_comments(text) == text, "run make translations"
    assert "Comment[de]=" in text
