"""Brings the catalogs of all languages up to date with the sentences in the code.

    python tests/support/translations.py      # `make translations`

For each part (the plug-ins; the command line) it collects the sentences that are marked with
`_()` or `N_()`, adds the new ones to every `handtint.po` with an empty translation, drops those
that are gone, and compiles `handtint.mo` beside it.  It ends with status 1, and names them, while
a translation is missing.  Needs Babel, which `make setup` installs.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("de", "es", "fr", "it", "ja", "ko", "pl", "pt_BR", "ru", "uk", "zh_CN")
DOMAIN = "handtint"
KEYWORDS = {"_": None, "N_": None}

FOR_SPECIALISTS = ("evaluate", "train")
"""Commands whose help is English, like the pages and papers that one needs for them."""

STAMP = datetime(2026, 1, 1, tzinfo=UTC)
"""Time in every catalog, so that equal sentences give equal bytes."""

PARTS = {
    # name: (folders whose sentences it holds, where its catalogs lie)
    "plug-ins": (("plugins/client", "plugins/gimp", "plugins/krita"), "plugins/client/locale"),
    "command line": (("server/handtint_server",), "server/handtint_server/locale"),
}


def sources(part: str) -> list[Path]:
    """The Python files of a part."""
    return [path for folder in PARTS[part][0] for path in sorted((ROOT / folder).rglob("*.py"))]


@cache
def sentences(part: str) -> dict[str, list[str]]:
    """Every sentence to translate of a part -> the files that it is in, from the root."""
    found: dict[str, list[str]] = {}
    for path in sources(part):
        name = path.relative_to(ROOT).as_posix()
        for text in (*_marked(path), *_help_texts(path)):
            names = found.setdefault(text, [])
            if name not in names:
                names.append(name)
    return found


def _marked(path: Path) -> Iterator[str]:
    """What stands in `_()` and `N_()`."""
    with path.open("rb") as file:
        for _line, message, _comments, _context in extract("python", file, KEYWORDS):
            yield message if isinstance(message, str) else message[0]


def _help_texts(path: Path) -> Iterator[str]:
    """The help texts of click's commands and options, and of `settings.py`: no mark is needed.

    A paragraph is one line, as `cli` asks for it.
    """
    if path.stem in FOR_SPECIALISTS:
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            kinds = {ast.unparse(d.func) for d in node.decorator_list if isinstance(d, ast.Call)}
            text = ast.get_docstring(node)
            if kinds & {"click.command", "click.group"} and text:
                yield re.sub(r"(?<!\n)\n(?!\n)", " ", text)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "click.option":
            for keyword in node.keywords:
                if keyword.arg == "help" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "_setting":
            yield str(ast.literal_eval(node.args[1]))


def po_path(part: str, language: str) -> Path:
    """The catalog that people edit; the compiled one lies beside it as `.mo`."""
    return ROOT / PARTS[part][1] / language / "LC_MESSAGES" / (DOMAIN + ".po")


def read_catalog(part: str, language: str) -> Catalog:
    """A language's catalog; an empty one if there is none."""
    path = po_path(part, language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def updated(part: str, language: str) -> Catalog:
    """The catalog with exactly the sentences of the code, in their order."""
    before = read_catalog(part, language)
    catalog = Catalog(
        locale=language,
        domain=DOMAIN,
        project="Handtint",
        version="",
        copyright_holder="The Handtint developers",
        creation_date=STAMP,
        revision_date=STAMP,
        last_translator="The Handtint developers",
        language_team=language,
        fuzzy=False,
        header_comment=f"# Handtint's {part}. Apache-2.0, like the code.",
    )
    for text, names in sentences(part).items():
        known = before.get(text)
        catalog.add(
            text,
            known.string if known is not None else "",
            locations=[(name, None) for name in names],
            user_comments=known.user_comments if known is not None else (),
        )
    return catalog


def po_bytes(catalog: Catalog) -> bytes:
    """A catalog as the text file that people edit."""
    file = io.BytesIO()
    write_po(file, catalog, width=100, include_lineno=False)
    return file.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """A catalog as the standard library's gettext reads it."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def missing(catalog: Catalog) -> Iterator[str]:
    """The sentences without a translation."""
    for message in catalog:
        if message.id and not message.string:
            yield str(message.id)


def update(part: str) -> int:
    """Write all catalogs of a part; returns how many translations are missing."""
    count = 0
    for language in LANGUAGES:
        catalog = updated(part, language)
        path = po_path(part, language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po_bytes(catalog))
        path.with_suffix(".mo").write_bytes(mo_bytes(catalog))
        for text in missing(catalog):
            count += 1
            print(f"{part}, {language}: no translation of: {text}")
    return count


DESKTOP = ROOT / "plugins/krita/handtint.desktop"


def with_comments(text: str) -> str:
    """Krita's file about the plug-in with its comment in every language."""
    lines = [line for line in text.splitlines() if not line.startswith("Comment[")]
    (english,) = [line.partition("=")[2] for line in lines if line.startswith("Comment=")]
    for language in LANGUAGES:
        known = read_catalog("plug-ins", language).get(english)
        if known is not None and known.string:
            lines.append(f"Comment[{language}]={known.string}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """All parts."""
    count = sum(update(part) for part in PARTS if sentences(part))
    DESKTOP.write_text(with_comments(DESKTOP.read_text("utf-8")), "utf-8")
    if count:
        sys.exit(f"{count} translations are missing: fill them into handtint.po and run again.")


if __name__ == "__main__":
    main()
