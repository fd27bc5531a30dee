"""Folders as people have them: one bad entry never ends a run, and nothing goes unsaid."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image

from handtint_model.files.target import reason
from handtint_server.batch.failures import FailureList
from handtint_server.batch.hint_folder import HintFolder
from handtint_server.batch.search import find_photos
from handtint_server.cli import main
from handtint_server.sentences import sentence, shown, shown_path

CAT = Path(__file__).parents[2] / "data" / "photos" / "cat-gray.png"
POSIX_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tiny_weights: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `handtint colorize`; gives (exit code, stdout, stderr)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        words = ["colorize", *map(str, arguments), "--weights", str(tiny_weights)]
        code = main([*words, "--device", "cpu"])
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


def photo(path: Path, shift: int = 0) -> Path:
    """A small photo; photos with other shifts differ."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(CAT) as image:
        small = np.array(image.resize((60, 40)))
    Image.fromarray(np.roll(small, shift, 1)).save(path)
    return path


def hint(path: Path, color: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"handtint_hints": 1, "points": [[30, 20, color, 8]]}))
    return path


def color_at(path: Path) -> list[int]:
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))[20, 30].astype(int).tolist()


def failures(folder: Path) -> dict[str, str]:
    with (folder / "handtint-failures.csv").open(newline="", encoding="utf-8") as file:
        return dict(list(csv.reader(file))[1:])


# Names


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_not_utf8(run: Run, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    photo(folder / "zgood.png")
    (folder / os.fsdecode(b"broken\xff.png")).write_bytes(b"broken")
    photo(folder / os.fsdecode(b"whole\xfe.png"), 5)
    code, said, err = run(folder, "-o", out)
    assert code == 1
    assert "2 colorized, 1 failed" in said
    assert "broken\\xff.png: this is not a picture" in err
    assert sorted(os.fsencode(path.name) for path in out.iterdir()) == [
        b"handtint-failures.csv",
        b"whole\xfe.colorized.png",
        b"zgood.colorized.png",
    ]
    assert [Path(name).name for name in failures(out)] == ["broken\\xff.png"]


@pytest.mark.parametrize(
    "stem", ["a" * 251, "祖" * 83, "é" * 125 + "a", "🖼" * 62 + "abc"], ids=["a", "cjk", "e", "4"]
)
def test_names_of_255_bytes(run: Run, tmp_path: Path, stem: str) -> None:
    name = f"{stem}.png"
    assert 250 <= len(os.fsencode(name)) <= 255
    photo(tmp_path / "in" / name)
    assert run(tmp_path / "in", "-o", tmp_path / "out")[0] == 0
    (result,) = (tmp_path / "out").iterdir()
    assert result.name.endswith(".colorized.png")
    assert len(os.fsencode(result.name)) <= 255
    with Image.open(result) as image:
        assert image.size == (60, 40)
    # The same command finds it again.
    assert "exists already" in run(tmp_path / "in", "-o", tmp_path / "out")[2]


def test_names_reach_the_terminal_escaped(run: Run, tmp_path: Path) -> None:
    evil = tmp_path / "a\x1b[31m\n\u202egnp.png"
    evil.write_bytes(b"broken")
    code, _, err = run(evil)
    assert code == 1
    assert "\x1b" not in err
    assert "\u202e" not in err
    assert "a\\x1b[31m\\x0a\\u202egnp.png" in err


def test_a_path_keeps_its_case(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    photo(tmp_path / "scan.png")
    assert run("scan.png")[1].strip() == "scan.colorized.png"
    assert "scan.colorized.png exists already" in run("scan.png")[2]


@pytest.mark.parametrize("name", ["a.avif", "a.jpg", "a"])
def test_a_format_that_is_only_read_becomes_png(run: Run, tmp_path: Path, name: str) -> None:
    with Image.open(CAT) as image:
        image.resize((60, 40)).convert("RGB").save(tmp_path / name, "AVIF")
    code, said, err = run(tmp_path / name)
    assert (code, said.strip()) == (0, str(tmp_path / "a.colorized.png")), err
    code, said, err = run(tmp_path, "-o", tmp_path / "out", "--beside")
    assert (code, "1 colorized" in said) == (0, False), err  # one photo is no batch
    results = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert results == ["a.beside.colorized.png", "a.colorized.png"]
    with Image.open(tmp_path / "out" / "a.colorized.png") as image:
        assert (image.format, image.size) == ("PNG", (60, 40))


def test_a_name_without_an_extension_stays_whole(run: Run, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    for number, name in enumerate(("St. Petersburg 1910", "box12.001", "box12.002", "a.b.PNG")):
        shutil.move(photo(folder / "made.png", number), folder / name)
    code, said, err = run(folder, "-o", out)
    assert (code, "4 colorized" in said) == (0, True), err
    assert sorted(p.name for p in out.iterdir()) == [
        "St. Petersburg 1910.colorized.png",
        "a.b.colorized.PNG",
        "box12.001.colorized.png",
        "box12.002.colorized.png",
    ]


def test_sentences() -> None:
    assert sentence("there is none") == "There is none."
    assert sentence("scan.png exists") == "scan.png exists."
    assert sentence("photos/a.png: no") == "photos/a.png: no."
    assert sentence("this, however, is") == "This, however, is."
    assert shown("a\x07b\u2028c") == "a\\x07b\\u2028c"
    assert shown_path(Path("Köln 祖父")) == "Köln 祖父"


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_an_output_that_lacks_the_letters(
    tmp_path: Path, tiny_weights: Path, encoding: str
) -> None:
    """As on Windows, with the output redirected to a file."""
    source = photo(tmp_path / "祖父.png")
    done = subprocess.run(
        [sys.executable, "-m", "handtint_server", "colorize", str(source), "--device", "cpu",
         "--weights", str(tiny_weights)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"\\u7956\\u7236.colorized.png" in done.stdout
    assert b"Traceback" not in done.stderr


# Folders and files of somebody else.  Permissions do not stop root, who often runs the tests:
# the command is run without that privilege.

SETPRIV = shutil.which("setpriv")
SOMEBODY = 54321
needs_root = pytest.mark.skipif(
    not (POSIX_ROOT and SETPRIV), reason="only root can make files of somebody else"
)


def without_privilege(tiny_weights: Path, *arguments: object) -> tuple[int, str]:
    """(exit code, output) of `handtint colorize` where permissions count."""
    words = ["colorize", *map(str, arguments), "--weights", str(tiny_weights), "--device", "cpu"]
    done = subprocess.run(
        [str(SETPRIV), "--bounding-set=-dac_override,-dac_read_search", sys.executable, "-m",
         "handtint_server", *words],
        capture_output=True,
        text=True,
        timeout=400,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@needs_root
def test_an_unreadable_folder_is_told(tmp_path: Path, tiny_weights: Path) -> None:
    photo(tmp_path / "in" / "a.png")
    secret = photo(tmp_path / "in" / "lost+found" / "b.png").parent
    os.chown(secret, SOMEBODY, SOMEBODY)
    secret.chmod(0o700)
    out = tmp_path / "out"
    code, said = without_privilege(tiny_weights, tmp_path / "in", "-o", out)
    assert code == 1
    assert f"{secret}: this folder cannot be read: Permission denied." in said
    assert "1 colorized, 1 failed" in said
    assert (out / "a.colorized.png").exists()
    assert list(failures(out)) == [str(secret)]


@pytest.mark.slow
@needs_root
def test_an_unwritable_failure_list_is_told_once(tmp_path: Path, tiny_weights: Path) -> None:
    photo(tmp_path / "in" / "a.png")
    for name in ("b.png", "c.png"):
        (tmp_path / "in" / name).write_bytes(b"broken")
    out = tmp_path / "out"
    out.mkdir()
    mine = out / "handtint-failures.csv"
    mine.write_text("photo,error\nmine,x\n")
    os.chown(mine, SOMEBODY, SOMEBODY)
    mine.chmod(0o644)
    code, said = without_privilege(tiny_weights, tmp_path / "in", "-o", out)
    assert code == 1
    assert said.count("handtint-failures.csv cannot be written") == 1
    assert "there is no permission to write there" in said
    assert "1 colorized, 2 failed." in said
    assert mine.read_text() == "photo,error\nmine,x\n"


@pytest.mark.slow
@needs_root
def test_a_folder_without_permission_is_named_as_the_reason(
    tmp_path: Path, tiny_weights: Path
) -> None:
    source = photo(tmp_path / "in" / "a.png")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o755)
    os.chown(closed, SOMEBODY, SOMEBODY)
    for target in (closed / "a.png", closed / "new" / "a.png"):
        code, said = without_privilege(tiny_weights, source, "-o", target)
        assert code == 1
        assert "there is no permission to write there" in said
        assert "handtint-part" not in said


def test_reasons_are_the_systems(tmp_path: Path) -> None:
    assert reason(OSError(errno.ENOSPC, "x")) == "the disk is full"
    assert reason(OSError(errno.ENAMETOOLONG, "x")) == "the name is too long"
    assert reason(pyvips.Error("unable"), tmp_path / ("x" * 300)) == "the name is too long"
    missing = tmp_path / "no" / "a.png"
    assert reason(pyvips.Error("unable"), missing) == "the folder does not exist"


@pytest.mark.parametrize("broken", [False, True])
def test_no_file_of_the_users_is_taken_for_a_failure_list(
    run: Run, tmp_path: Path, broken: bool
) -> None:
    photo(tmp_path / "in" / "a.png")
    photo(tmp_path / "in" / "b.png", 5)
    if broken:
        (tmp_path / "in" / "c.png").write_bytes(b"broken")
    for name, text in (("notes.csv", "photo;price\n"), ("raw", "\xff\xfe")):
        mine = tmp_path / name
        mine.write_bytes(text.encode("latin1"))
        code, _, err = run(tmp_path / "in", "--failures", mine)
        assert code == 1
        assert f"{mine} is no list of photos that failed" in err
        assert mine.read_bytes() == text.encode("latin1")
        assert not list((tmp_path / "in").glob("*.colorized.*"))
    # An earlier list, or an empty file as mktemp makes it.
    for text in ("photo,error\r\nold.png,x\r\n", "\ufeffphoto,error\n", ""):
        listed = tmp_path / "list.csv"
        listed.write_text(text, encoding="utf-8", newline="")
        code, _, err = run(tmp_path / "in", "--failures", listed, "--overwrite")
        assert code == int(broken), err
        assert listed.exists() == broken
        if broken:
            assert "old.png" not in listed.read_text()
            assert "c.png" in listed.read_text()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_failure_list_may_be_a_device(tmp_path: Path) -> None:
    """/dev/null, which root could delete."""
    os.mkfifo(tmp_path / "pipe")
    with FailureList(tmp_path / "pipe"):
        pass
    assert (tmp_path / "pipe").exists()


# What is passed over


def test_what_is_passed_over_is_counted_by_kind(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    photo(folder / "a.png")
    photo(folder / "@eaDir" / "a.png" / "SYNOPHOTO_THUMB_M.png")
    photo(folder / ".thumbnails" / "a.png")
    photo(folder / "#recycle" / "old.png")
    for name in ("b.psd", "c.PSD", "d.pgm", "notes.txt", "README"):
        (folder / name).write_bytes(b"something else")
    code, said, _ = run(folder, "-o", tmp_path / "out")
    assert code == 0
    assert "1 colorized, 5 passed over (.psd 2, " in said
    assert ".pgm 1" in said
    assert "without an ending 1" in said
    assert [p.name for p in (tmp_path / "out").rglob("*") if p.is_file()] == ["a.colorized.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_holds_nothing_up(tmp_path: Path, tiny_weights: Path) -> None:
    photo(tmp_path / "in" / "a.png")
    for name in ("b.png", "pipe"):
        os.mkfifo(tmp_path / "in" / name)
    command = [sys.executable, "-m", "handtint_server", "colorize", "--weights", tiny_weights]

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        words = [str(a) for a in (*command, *arguments)]
        return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)

    done = run(tmp_path / "in")
    assert done.returncode == 0
    assert "1 colorized, 2 passed over (no regular file 2)." in done.stdout
    for name in ("b.png", "pipe"):
        done = run(tmp_path / "in" / name)
        assert done.returncode == 1
        assert f"{name}: this is not a regular file." in done.stderr


def test_a_photo_that_is_newer_than_its_result_is_told(run: Run, tmp_path: Path) -> None:
    """Of two folders that are colorized into one, the second's photos may have the same names."""
    out = tmp_path / "out"
    for box in ("box1", "box2"):
        for number in range(25):
            photo(tmp_path / box / f"{number:02}.png", 1 if box == "box1" else 20)
    out.mkdir()
    for number in range(25):
        photo(out / f"{number:02}.colorized.png")
    at = (out / "00.colorized.png").stat().st_mtime
    for number in range(25):
        os.utime(tmp_path / "box1" / f"{number:02}.png", (at - 9, at - 9))
        os.utime(tmp_path / "box2" / f"{number:02}.png", (at + 9, at + 9))
    code, said, err = run(tmp_path / "box1", "-o", out)
    assert (code, "25 done before" in said) == (0, True)
    assert "newer" not in err
    code, said, err = run(tmp_path / "box2", "-o", out)
    assert (code, "25 done before" in said) == (0, True)
    told = [line for line in err.splitlines() if "newer" in line]
    first, result = tmp_path / "box2" / "00.png", out / "00.colorized.png"
    assert told[0] == (
        f"{first}: it is newer than {result}, which was left as it is; if that is another "
        "photo's result or an old one, take another folder or add --overwrite."
    )
    assert told[20] == "5 more photos are newer than the results of their names."
    assert len(told) == 21


@pytest.mark.skipif(os.name == "nt", reason="making links needs a right there")
def test_linked_folders_are_counted(run: Run, tmp_path: Path) -> None:
    photo(tmp_path / "in" / "a.png")
    photo(tmp_path / "elsewhere" / "b.png")
    for name in ("more", "even more", ".hidden"):
        (tmp_path / "in" / name).symlink_to(tmp_path / "elsewhere")
    code, said, err = run(tmp_path / "in", "-o", tmp_path / "out")
    assert code == 0
    assert "1 colorized, 2 passed over (linked folder 2)." in said
    assert f"{tmp_path / 'in' / 'more'}: a link to a folder is not followed" in err
    assert not (tmp_path / "out" / "more").exists()
    # One that is named is looked into.
    assert run(tmp_path / "in" / "more", "-o", tmp_path / "named")[0] == 0
    assert (tmp_path / "named" / "b.colorized.png").exists()


# Hints


@pytest.mark.slow
def test_hints_of_a_folder_belong_to_one_photo(run: Run, tmp_path: Path) -> None:
    photos, hints, out = (tmp_path / name for name in ("photos", "hints", "out"))
    for name in ("1950/a.png", "1951/a.png", "1951/a.jpg", "b.png", "deep/er/c.png"):
        photo(photos / name, len(name))
    hint(hints / "1950" / "a.png.hints.json", "#c02020")
    hint(hints / "1951" / "a.png.hints.json", "#20a020")
    hint(hints / "b.hints.json", "#2020c0")  # the old form, in its place
    hint(hints / "c.hints.json", "#2020c0")  # the old form, flat; one photo only can be meant
    hint(hints / "1951" / "nobody.png.hints.json", "#2020c0")
    code, _, err = run(photos, "-o", out, "--hints", hints)
    assert code == 0
    assert "nobody.png.hints.json belongs to no photo here." in err
    red, green = (color_at(out / year / "a.colorized.png") for year in ("1950", "1951"))
    assert red[0] > max(red[1:])
    assert green[1] > max(green[0], green[2])
    for name in ("b", "deep/er/c"):
        blue = color_at(out / f"{name}.colorized.png")
        assert blue[2] > max(blue[:2])


@pytest.mark.slow
def test_a_hint_file_that_fits_several_photos_is_not_used(run: Run, tmp_path: Path) -> None:
    photos, hints = tmp_path / "photos", tmp_path / "hints"
    for name in ("1950/a.png", "1951/a.png"):
        photo(photos / name, len(name))
    hint(hints / "a.hints.json", "#c02020")
    code, _, err = run(photos, "-o", tmp_path / "out", "--hints", hints)
    assert code == 0
    assert "fits several photos" in err
    assert "a.png.hints.json" in err
    run(photos, "-o", tmp_path / "plain")
    for year in ("1950", "1951"):
        name = Path(year, "a.colorized.png")
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()


def test_a_whole_name_goes_before_the_old_form(tmp_path: Path) -> None:
    photo(tmp_path / "in" / "a.png")
    photo(tmp_path / "in" / "b.png")
    old = hint(tmp_path / "hints" / "a.hints.json", "#c02020")
    new = hint(tmp_path / "hints" / "a.png.hints.json", "#c02020")
    found = find_photos([tmp_path / "in"]).photos
    folder = HintFolder(tmp_path / "hints", found)
    assert folder.file_for(tmp_path / "in" / "a.png") == new
    assert folder.file_for(tmp_path / "in" / "b.png") is None
    assert [str(old) in note for note in folder.notes] == [True]


@pytest.mark.slow
def test_saved_hints_of_two_photos_of_one_stem(run: Run, tmp_path: Path) -> None:
    photos, hints = tmp_path / "photos", tmp_path / "hints"
    photo(photos / "a.png")
    photo(photos / "a.jpg", 7)
    hint(hints / "a.png.hints.json", "#c02020")
    hint(hints / "a.jpg.hints.json", "#20a020")
    first = tmp_path / "first"
    assert run(photos, "-o", first, "--hints", hints, "--save-hints")[0] == 0
    saved = sorted(p.name for p in photos.glob("*.json"))
    assert saved == ["a.jpg.hints.json", "a.png.hints.json"]
    assert run(photos, "-o", tmp_path / "again", "--hints", photos)[0] == 0
    for ending in ("png", "jpg"):
        name = f"a.colorized.{ending}"
        assert (first / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


@pytest.mark.slow
def test_newer_hints_make_a_photo_run_again(run: Run, tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    photo(photos / "a.png")
    photo(photos / "b.png", 7)
    file = hint(tmp_path / "hints" / "a.png.hints.json", "#c02020")
    again = (photos, "-o", out, "--hints", tmp_path / "hints")
    assert "2 colorized" in run(*again)[1]
    assert "0 colorized, 2 done before" in run(*again)[1]
    hint(file, "#2020c0")
    at = (out / "a.colorized.png").stat().st_mtime + 5
    os.utime(file, (at, at))
    assert "1 colorized, 1 done before" in run(*again)[1]
    blue = color_at(out / "a.colorized.png")
    assert blue[2] > max(blue[:2])


# Refused early, chosen, and kept


def test_a_target_without_transparency_is_refused_before_the_work(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handtint_model import Colorizer

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the network ran")

    plane = np.full((20, 30), 90, np.uint8)
    Image.fromarray(np.stack([plane, plane // 2], -1), "LA").save(tmp_path / "a.png")
    monkeypatch.setattr(Colorizer, "encode", never)
    code, _, err = run(tmp_path / "a.png", "-o", tmp_path / "a.jpg")
    assert code == 1
    assert "transparency" in err
    assert not (tmp_path / "a.jpg").exists()


def test_a_page_is_chosen(run: Run, tmp_path: Path) -> None:
    with Image.open(CAT) as image:
        plane = np.array(image.resize((60, 40)))
    tifffile.imwrite(tmp_path / "a.tif", np.stack([plane, 255 - plane]), photometric="minisblack")
    code, _, err = run(tmp_path / "a.tif")
    assert code == 1
    assert "2 pages" in err
    assert "--page N" in err
    assert run(tmp_path / "a.tif", "--page", 2)[0] == 0
    result = tifffile.imread(tmp_path / "a.colorized.tif")
    assert np.abs(result[..., 1].astype(int) - (255 - plane)).mean() < 40
    assert run(tmp_path / "a.tif", "--page", 3, "--overwrite")[0] == 1


def test_notes_of_the_file_are_told(run: Run, tmp_path: Path) -> None:
    with Image.open(CAT) as image:
        image.resize((60, 40)).convert("1").save(tmp_path / "a.png")
    code, _, err = run(tmp_path / "a.png")
    assert code == 0
    assert "Only black and white are in this picture" in err


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes and links")
def test_overwrite_keeps_mode_and_follows_a_link(run: Run, tmp_path: Path) -> None:
    source = photo(tmp_path / "a.png")
    real = tmp_path / "elsewhere" / "real.png"
    real.parent.mkdir()
    real.write_bytes(b"old")
    real.chmod(0o604)
    link = tmp_path / "out.png"
    link.symlink_to(real)
    assert run(source, "-o", link, "--overwrite")[0] == 0
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o604
    with Image.open(io.BytesIO(real.read_bytes())) as image:
        assert image.size == (60, 40)
    assert sorted(p.name for p in real.parent.iterdir()) == ["real.png"]
