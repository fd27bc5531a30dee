"""Where the client looks, and whom it believes."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from client import errors, places


def announce(folder: Path, **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "format": 1,
        "url": "http://127.0.0.1:41235",
        "pid": 1,
        "version": "0.1.0",
        "api": 1,
        "instance": "k3v9",
        "token_file": str(folder / "token"),
        "started": "2026-11-24T13:22:05Z",
        **changes,
    }
    (folder / "token").write_text("secret\n")
    path = folder / "server.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {"HANDTINT_RUNTIME_DIR": "/x"}, "/x"),
        ("linux", {"XDG_RUNTIME_DIR": "/run/user/7"}, "/run/user/7/handtint"),
        ("darwin", {"HOME": "/Users/ada"}, "/Users/ada/Library/Caches/TemporaryItems/handtint"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/Temp/handtint"),
    ],
)
def test_runtime_folder(platform: str, environ: dict[str, str], expected: str) -> None:
    assert places.runtime_folder(environ, platform) == expected


def test_runtime_folder_is_the_servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from handtint_server import folders

    for variables in ({}, {"XDG_RUNTIME_DIR": str(tmp_path)}):
        monkeypatch.delenv("HANDTINT_RUNTIME_DIR", raising=False)
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert places.runtime_folder() == str(folders.runtime_folder())
        assert places.data_folder() == str(folders.data_folder())


def test_data_folder_of_a_sandbox(tmp_path: Path) -> None:
    snap, data = tmp_path / "common", tmp_path / "data"
    environ = {"SNAP_USER_COMMON": str(snap), "XDG_DATA_HOME": str(data)}
    assert places.data_folder(environ, "linux") == str(data / "handtint")
    (snap / "handtint").mkdir(parents=True)
    (snap / "handtint" / "connection.json").write_text("{}")
    assert places.data_folder(environ, "linux") == str(snap / "handtint")
    assert places.data_folder({**environ, "HANDTINT_HOME": "/own"}, "linux") == "/own"


def test_announcement(tmp_path: Path) -> None:
    found = places.read_announcement(str(announce(tmp_path)))
    assert found is not None
    assert found.endpoint == places.Endpoint("http://127.0.0.1:41235", "secret")
    assert found.instance == "k3v9"


def test_a_mirrors_own_token_is_taken(tmp_path: Path) -> None:
    """In a sandbox the path of the token that the host sees leads nowhere."""
    path = announce(tmp_path, token_file="/run/user/1000/handtint/token")
    found = places.read_announcement(str(path))
    assert found is not None
    assert found.endpoint.token == "secret"


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"url": "http://198.51.100.7:80"},
        {"url": None},
        {"api": "one"},
        {"instance": None, "api": None},
    ],
)
def test_announcements_that_are_none(tmp_path: Path, changes: dict[str, object]) -> None:
    assert places.read_announcement(str(announce(tmp_path, **changes))) is None


def test_damaged_announcement(tmp_path: Path) -> None:
    path = announce(tmp_path)
    path.write_text(path.read_text()[:-20])
    assert places.read_announcement(str(path)) is None
    assert places.read_announcement(str(tmp_path / "absent.json")) is None


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="needs root to give away files")
def test_another_users_announcement_is_not_believed(tmp_path: Path) -> None:
    path = announce(tmp_path)
    os.chown(path, 12345, -1)
    assert places.read_announcement(str(path)) is None


def test_setting_is_kept_private_and_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    assert places.read_setting(str(folder)).automatic
    setting = places.ServerSetting("https://photos.example.org:8443", "secret", "", 12.0)
    places.write_setting(str(folder), setting)
    assert places.read_setting(str(folder)) == setting
    assert stat.S_IMODE((folder / "client.json").stat().st_mode) == 0o600
    assert places.read_setting(str(folder)).endpoint() == places.Endpoint(
        "https://photos.example.org:8443", "secret"
    )


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "http://", "http://x:port", "http://u:p@x", "http://x?y"],
)
def test_addresses_that_cannot_be_used(url: str) -> None:
    with pytest.raises(errors.BadSetting, match="cannot be used"):
        places.ServerSetting(url, "t").endpoint()


@pytest.mark.parametrize("text", ['{"format": 1, "url": "https://x', '{"format": 2}', "[1]"])
def test_a_damaged_setting_is_not_taken_for_automatic(tmp_path: Path, text: str) -> None:
    (tmp_path / "client.json").write_text(text)
    with pytest.raises(errors.BadSetting, match="cannot be read"):
        places.read_setting(str(tmp_path))


def test_a_setting_written_by_hand_needs_no_format(tmp_path: Path) -> None:
    (tmp_path / "client.json").write_text('{"timeout": 120}')
    assert places.read_setting(str(tmp_path)) == places.ServerSetting(timeout=120)
