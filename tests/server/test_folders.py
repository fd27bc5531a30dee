"""Where server and plug-ins meet: both come to the same folders by docs/http-api.md alone."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import pytest

from handtint_server.folders import (
    FolderError,
    data_folder,
    make_private,
    refuse_foreign,
    runtime_folder,
)

PLUGINS = Path(__file__).parents[2] / "plugins"
HOME = {"HOME": "/home/ada"}


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The plug-ins' own rules."""
    monkeypatch.syspath_prepend(str(PLUGINS))
    from client import places

    return places


@pytest.mark.parametrize(
    ("platform", "environ", "runtime", "data"),
    [
        (
            "linux",
            {**HOME, "XDG_RUNTIME_DIR": "/run/user/7"},
            "/run/user/7/handtint",
            "/home/ada/.local/share/handtint",
        ),
        (
            "linux",
            {**HOME, "XDG_RUNTIME_DIR": "/r", "XDG_DATA_HOME": "/d"},
            "/r/handtint",
            "/d/handtint",
        ),
        (
            "freebsd14",
            {**HOME, "XDG_RUNTIME_DIR": "/r"},
            "/r/handtint",
            "/home/ada/.local/share/handtint",
        ),
        (
            "darwin",
            HOME,
            "/home/ada/Library/Caches/TemporaryItems/handtint",
            "/home/ada/Library/Application Support/handtint",
        ),
        ("win32", {**HOME, "LOCALAPPDATA": "/l"}, "/l/Temp/handtint", "/l/handtint"),
        ("linux", {"HANDTINT_RUNTIME_DIR": "/own", "HANDTINT_HOME": "/mine"}, "/own", "/mine"),
    ],
)
def test_by_platform(
    places: ModuleType, platform: str, environ: dict[str, str], runtime: str, data: str
) -> None:
    assert str(runtime_folder(None, environ, platform)) == runtime
    assert str(data_folder(None, environ, platform)) == data
    assert places.runtime_folder(environ, platform) == runtime
    assert places.data_folder(environ, platform) == data


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX")
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o775])
def test_whatever_the_modes_and_the_temporary_folder(
    places: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """A plug-in knows no more than the variable."""
    tmp_path.chmod(mode)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for environ in ({**HOME, "XDG_RUNTIME_DIR": str(tmp_path)}, HOME):
        assert str(runtime_folder(None, environ, "linux")) == places.runtime_folder(
            environ, "linux"
        )


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX")
def test_a_folder_of_someone_elses(tmp_path: Path) -> None:
    """In /tmp anyone may have made the folder first."""
    refuse_foreign(tmp_path / "not-there")
    refuse_foreign(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(FolderError, match="someone else"):
        refuse_foreign(tmp_path / "link")
    if os.getuid() == 0:
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        os.chown(theirs, 12345, 12345)
        for check in (refuse_foreign, make_private):
            with pytest.raises(FolderError, match="someone else"):
                check(theirs)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX")
def test_a_folder_for_everyone_stays_so(tmp_path: Path) -> None:
    """`--runtime-dir /tmp`, said by root, must not lock everybody out."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(FolderError, match="for everyone"):
        make_private(shared)
    assert shared.stat().st_mode & 0o7777 == 0o1777
