"""The user's language: gettext catalogs beside this file, read by the standard library.

    from .client.translation import N_, _

    _("The photo is gone.")                             # translated now
    _("%(layer)s is empty.") % {"layer": name}          # a whole sentence, with placeholders
    STATES = {"busy": N_("Busy")}                       # only marked; _(STATES[key]) later

The English sentence is the key.  GIMP and Krita put the language that the user chose in them
into the environment (LANGUAGE, LANG), which is read at the first sentence; `use_languages`
says it where an editor does not.  `make translations` brings the catalogs up to date.
"""

from __future__ import annotations

import gettext
import os
import re
from typing import Iterable, Mapping

DOMAIN = "handtint"
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "locale")

_SIMPLIFIED = ("zh", "zh_CN", "zh_SG", "zh_Hans")
_current: gettext.NullTranslations | None = None


def _(sentence: str) -> str:
    """A sentence in the user's language; itself where there is no translation."""
    return _catalog().gettext(sentence)


def N_(sentence: str) -> str:  # noqa: N802  (gettext's own name for it)
    """Only marks a sentence for the catalogs: it is translated where it is shown."""
    return sentence


def in_all_languages(sentence: str) -> tuple[str, ...]:
    """A sentence in English and in every language that there is a catalog of.

    For names in a picture that somebody may have made who speaks another language.
    """
    try:
        folders = sorted(os.listdir(FOLDER))
    except OSError:
        folders = []
    return tuple(dict.fromkeys([sentence, *(_find([name]).gettext(sentence) for name in folders)]))


def use_languages(languages: Iterable[str]) -> None:
    """Choose among languages such as "de_AT.UTF-8" or "pt-BR", best first.

    The first one that there is a catalog of is taken, or English if that comes earlier or
    there is none.
    """
    global _current
    _current = _find(languages)


def _catalog() -> gettext.NullTranslations:
    if _current is None:
        use_languages(languages_of(os.environ))
    assert _current is not None
    return _current


def languages_of(environ: Mapping[str, str]) -> list[str]:
    """The languages that an environment asks for, best first, by the rules of GNU gettext."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environ[name] for name in names if environ.get(name)), "")
    if locale in ("C", "POSIX"):
        return []
    listed = [name for name in environ.get("LANGUAGE", "").split(":") if name]
    return [*listed, locale] if locale else listed


def _find(languages: Iterable[str]) -> gettext.NullTranslations:
    for language in languages:
        for folder in folders_of(language):
            if folder in ("en", "C", "POSIX"):
                return gettext.NullTranslations()
            path = os.path.join(FOLDER, folder, "LC_MESSAGES", DOMAIN + ".mo")
            try:
                with open(path, "rb") as file:
                    return gettext.GNUTranslations(file)
            except FileNotFoundError:
                continue
            except Exception:  # a damaged file raises many things: English is better than none
                continue
    return gettext.NullTranslations()


def folders_of(language: str) -> list[str]:
    """The catalogs' folders that suit a language, best first: "de_AT.UTF-8": de_AT, de."""
    name = re.sub(r"[.@].*", "", language).replace("-", "_")
    parts = name.split("_")
    folders = [name, parts[0]]
    if parts[0] == "pt":
        folders.append("pt_BR")  # nearer to European Portuguese than English is
    if name in _SIMPLIFIED or name.startswith("zh_Hans_"):
        folders.append("zh_CN")
    return list(dict.fromkeys(folder for folder in folders if folder))
