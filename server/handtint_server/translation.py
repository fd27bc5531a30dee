"""The command line in the user's language: gettext catalogs in `locale`, beside this file.

    from handtint_server.translation import _

    click.echo(_("The plug-in is not installed there."))

Help texts need no mark: `cli` translates them when it looks a command up.  What comes from the
library or over HTTP, logs, and what `doctor` finds are English, so that whoever is asked for help
can read them.
"""

from __future__ import annotations

import gettext
import os
import sys
from pathlib import Path

DOMAIN = "handtint"


def N_(sentence: str) -> str:  # noqa: N802  (gettext's own name for it)
    """Only marks a sentence for the catalogs: it is translated where it is shown."""
    return sentence


OF_CLICK = (
    N_("Usage:"),
    N_("Options"),
    N_("Commands"),
    N_("Show this message and exit."),
    N_("Error: {message}"),
    N_("Try '{command} {option}' for help."),
    N_("Missing argument"),
    N_("Missing option"),
    N_("No such option {name!r}."),
    N_("Invalid value: {message}"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("No such command {name!r}."),
    N_("default: {default}"),
    N_("required"),
)
"""Sentences of click's own: it asks the same catalog for them."""


def _windows_language() -> str:
    """The language of Windows's user interface, such as "de_DE"; "" elsewhere."""
    if sys.platform != "win32":
        return ""
    import ctypes
    import locale

    number = ctypes.windll.kernel32.GetUserDefaultUILanguage()
    return locale.windows_locale.get(number, "")


def _begin() -> None:
    if language := _windows_language():
        os.environ.setdefault("LANG", language)
    gettext.bindtextdomain(DOMAIN, Path(__file__).with_name("locale"))
    gettext.textdomain(DOMAIN)  # click's domain, too


_begin()
_ = gettext.gettext
