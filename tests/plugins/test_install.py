"""`handtint install gimp`, `handtint uninstall gimp` and the ZIP, as a user runs them."""

from __future__ import annotations

import ast
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from client import places
from handtint_model import ColorizeOptions

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PYTHON38 = Path.home() / ".pyenv" / "versions" / "3.8.18" / "bin" / "python"


class User:
    """A user with an empty home folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / ".local" / "share" / "handtint"
        kept = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        self.environ = {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}
        home.mkdir()

    def handtint(self, *arguments: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "handtint_server", *map(str, arguments)],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def tree(self) -> set[str]:
        return {p.relative_to(self.home).as_posix() for p in self.home.rglob("*") if p.is_file()}


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path / "ada")


GIMP_FOLDERS = {
    "GIMP 3.0": ".config/GIMP/3.0",
    "GIMP 3.2": ".config/GIMP/3.2",
    "GIMP 3.0 (Flatpak)": ".var/app/org.gimp.GIMP/config/GIMP/3.0",
    "GIMP 3.0 (Snap)": "snap/gimp/current/.config/GIMP/3.0",
}


def test_every_gimp_of_the_user_gets_it_and_loses_it_again(user: User) -> None:
    for folder in [*GIMP_FOLDERS.values(), ".config/GIMP/2.10"]:
        (user.home / folder / "plug-ins").mkdir(parents=True)
    other = user.home / ".config/GIMP/3.0/plug-ins/other/other.py"
    other.parent.mkdir()
    other.write_text("")
    before = user.tree()

    told = user.handtint("install", "gimp")
    assert "Restart GIMP" in told
    for label, folder in GIMP_FOLDERS.items():
        assert label in told
        script = user.home / folder / "plug-ins" / "handtint" / "handtint.py"
        assert stat.S_IMODE(script.stat().st_mode) == 0o755
        assert (script.parent / "handtint_gimp" / "client" / "protocol.py").is_file()
    assert not (user.home / ".config/GIMP/2.10/plug-ins/handtint").exists()

    cache = script.parent / "handtint_gimp" / "__pycache__"
    cache.mkdir()
    (cache / "plugin.cpython-313.pyc").write_bytes(b"")
    assert user.handtint("uninstall", "gimp").count("removed from") == 4
    assert user.tree() == before
    assert "not installed" in user.handtint("uninstall", "gimp")


def test_the_editors_learn_how_to_reach_the_server(user: User) -> None:
    flatpak = user.home / ".var/app/org.gimp.GIMP"
    (user.home / GIMP_FOLDERS["GIMP 3.0"]).mkdir(parents=True)
    (user.home / GIMP_FOLDERS["GIMP 3.0 (Flatpak)"]).mkdir(parents=True)
    user.handtint("install", "gimp")

    native = places.read_connection(places.data_folder(user.environ, "linux"))
    assert native is not None
    assert native.start[:4] == [sys.executable, "-m", "handtint_server", "serve"]
    assert native.can_start
    assert native.discovery[0] == str(user.data / "server.json")
    assert str(user.home / "run" / "handtint" / "server.json") in native.discovery
    sandbox = {**user.environ, "XDG_DATA_HOME": str(flatpak / "data")}
    boxed = places.read_connection(places.data_folder(sandbox, "linux"))
    assert boxed is not None
    assert not boxed.can_start
    assert boxed.start_by_hand
    assert boxed.discovery[0] == str(flatpak / "data" / "handtint" / "server.json")
    mirrors = json.loads((user.data / "mirrors.json").read_text())["folders"]
    assert mirrors == [str(user.data), str(flatpak / "data" / "handtint")]
    for path in (user.data / "connection.json", flatpak / "data/handtint/connection.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_installing_again_updates(user: User, tmp_path: Path) -> None:
    settings = tmp_path / "gimp3"
    user.handtint("install", "gimp", "--editor-dir", settings)
    script = settings / "plug-ins" / "handtint" / "handtint.py"
    fresh = script.read_bytes()
    script.write_text("old")
    script.chmod(0o644)
    gone = script.parent / "handtint_gimp" / "of_an_older_version.py"
    gone.write_text("")
    manifest = script.parent / "handtint-install.json"
    content = json.loads(manifest.read_text())
    content["files"]["handtint/handtint_gimp/of_an_older_version.py"] = "0" * 64
    manifest.write_text(json.dumps(content))

    user.handtint("install", "gimp", "--editor-dir", settings / "plug-ins")
    assert script.read_bytes() == fresh
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    assert not gone.exists()
    assert gone.name not in manifest.read_text()


def test_the_users_own_server_setting_survives(user: User, tmp_path: Path) -> None:
    user.handtint("install", "gimp", "--editor-dir", tmp_path / "gimp3")
    places.write_setting(str(user.data), places.ServerSetting("https://example.org", "t"))
    user.handtint("install", "gimp", "--editor-dir", tmp_path / "gimp3")
    user.handtint("uninstall", "gimp", "--editor-dir", tmp_path / "gimp3")
    assert user.tree() == {".local/share/handtint/client.json"}


def test_no_gimp(user: User) -> None:
    user.environ["PATH"] = "/nowhere"
    told = user.handtint("install", "gimp", code=1)
    assert "No GIMP was found" in told
    assert "--editor-dir" in told
    assert user.tree() == set()


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(user: User) -> None:
    folder = user.home / ".config/GIMP/3.0"
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    assert "cannot be written" in user.handtint("install", "gimp", code=1)


def test_a_file_in_the_way_is_one_sentence(user: User, tmp_path: Path) -> None:
    (tmp_path / "gimp3").mkdir()
    (tmp_path / "gimp3" / "plug-ins").write_text("a file")
    told = user.handtint("install", "gimp", "--editor-dir", tmp_path / "gimp3", code=1)
    assert "cannot be written" in told


def test_the_zip_holds_what_the_installer_copies(user: User, tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "plugins" / "package.py", tmp_path / "dist"], check=True)
    user.handtint("install", "gimp", "--editor-dir", tmp_path / "gimp3")
    installed = tmp_path / "gimp3" / "plug-ins"
    with zipfile.ZipFile(tmp_path / "dist" / "handtint-gimp.zip") as archive:
        items = [item for item in archive.infolist() if not item.is_dir()]
        assert sorted(item.filename for item in items) == sorted(
            p.relative_to(installed).as_posix()
            for p in installed.rglob("*")
            if p.is_file() and p.name != "handtint-install.json"
        )
        for item in items:
            assert archive.read(item) == (installed / item.filename).read_bytes()
        assert archive.getinfo("handtint/handtint.py").external_attr >> 16 & 0o777 == 0o755


def sources() -> list[Path]:
    return sorted((ROOT / "plugins").rglob("*.py"))


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_python_38_reads_the_plugins(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=(3, 8))


def test_plugins_import_only_what_editors_have() -> None:
    """Standard library, their editor's own modules, and each other by relative imports."""
    allowed = sys.stdlib_module_names | {"gi", "handtint_gimp", "krita", "PyQt5", "PyQt6"}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] in allowed, f"{path}: {name}"


def test_gimps_defaults_are_the_servers() -> None:
    """GIMP wants to know the defaults of arguments before any server has told them."""
    path = ROOT / "plugins" / "gimp" / "handtint" / "handtint_gimp" / "settings.py"
    settings = next(
        node
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    defaults = {
        field.target.id: ast.literal_eval(field.value)
        for field in settings.body
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and field.value is not None
    }
    options = ColorizeOptions()
    assert defaults["vividness"] == options.vividness
    assert defaults["strength"] == options.strength


@pytest.mark.skipif(not PYTHON38.exists(), reason="no Python 3.8 here")
def test_the_client_runs_on_python_38_under_any_name(tmp_path: Path) -> None:
    package = tmp_path / "some" / "name"
    package.mkdir(parents=True)
    (tmp_path / "some" / "__init__.py").write_text("")
    for path in (ROOT / "plugins" / "client").glob("*.py"):
        (package / path.name).write_bytes(path.read_bytes())
    code = (
        "from some.name import protocol, transport, strokes, Plane, Session\n"
        "request = protocol.colorize(Plane(2, 1, 'u8', 'Y', b'ab'))\n"
        "assert request.content_length == len(request.body_bytes())\n"
        "Session('gimp', {'HANDTINT_HOME': '/nowhere'})\n"
    )
    subprocess.run([PYTHON38, "-W", "error", "-c", code], cwd=tmp_path, check=True, env={})


def test_a_named_folder_keeps_its_server_while_another_editor_goes(
    user: User, tmp_path: Path
) -> None:
    (user.home / ".local/share/krita").mkdir(parents=True)
    connection = user.data / "connection.json"
    named = tmp_path / "gimp3"
    user.handtint("install", "gimp", "--editor-dir", named)
    user.handtint("install", "krita")
    user.handtint("uninstall", "krita")
    assert connection.is_file(), "GIMP cannot start the server any more"
    user.handtint("uninstall", "gimp", "--editor-dir", named / "plug-ins")
    assert user.tree() == set(), "something of ours stays"


def test_a_named_folder_that_is_gone_needs_no_server(user: User, tmp_path: Path) -> None:
    named = [tmp_path / "gimp3", tmp_path / "gimp3-2"]
    for folder in named:
        user.handtint("install", "gimp", "--editor-dir", folder)
    shutil.rmtree(named[0])
    user.handtint("uninstall", "gimp", "--editor-dir", named[1])
    assert user.tree() == set()
