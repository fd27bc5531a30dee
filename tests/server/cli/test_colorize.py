"""`handtint colorize` and `handtint suggest`, run in this process on a small real network."""

import csv
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image

from handtint_model.luminance import luminance_of
from handtint_server.cli import main

PHOTOS = Path(__file__).parents[2] / "data" / "photos"


@pytest.fixture
def run(tiny_weights, capsys):
    """Runs a command; gives (exit code, stdout, stderr)."""

    def call(*arguments, weights=True):
        extra = ["--weights", str(tiny_weights), "--device", "cpu"] if weights else []
        code = main(["colorize", *map(str, arguments), *extra])
        out = capsys.readouterr()
        assert "Traceback" not in out.err
        return code, out.out, out.err

    return call


@pytest.fixture
def call_main(capsys):
    """Runs any command; gives (exit code, stdout, stderr)."""

    def call(*arguments):
        code = main([str(a) for a in arguments])
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


@pytest.fixture
def gray(tmp_path):
    path = tmp_path / "photos" / "cat.png"
    path.parent.mkdir()
    small = Image.open(PHOTOS / "cat-gray.png").resize((150, 100))
    small.save(path)
    return path


def rgb_of(path):
    with Image.open(path) as picture:
        return np.array(picture)


def test_one_photo(run, gray):
    before = gray.read_bytes()
    code, out, err = run(gray)
    result = gray.with_name("cat.colorized.png")
    assert (code, out.strip()) == (0, str(result))
    assert err == ""
    rgb = rgb_of(result)
    assert rgb.shape == (100, 150, 3)
    np.testing.assert_array_equal(luminance_of(rgb), rgb_of(gray))
    assert (rgb.max(2) - rgb.min(2)).max() > 5  # the seeded network is colourful
    assert gray.read_bytes() == before


def test_a_result_is_not_replaced_unasked(run, gray):
    result = gray.with_name("cat.colorized.png")
    result.write_bytes(b"mine")
    code, _, err = run(gray)
    assert code == 1
    assert "--overwrite" in err
    assert result.read_bytes() == b"mine"
    assert run(gray, "--overwrite")[0] == 0
    assert rgb_of(result).shape == (100, 150, 3)


def test_output_file_in_another_format(run, gray, tmp_path):
    out = tmp_path / "new" / "cat.tif"
    assert run(gray, "-o", out)[0] == 0
    assert tifffile.imread(out).shape == (100, 150, 3)
    code, _, err = run(gray, "-o", tmp_path / "cat.gif")
    assert code == 1
    assert "cat.gif" in err


def test_the_source_can_be_replaced_if_asked(run, gray):
    code, _, err = run(gray, "-o", gray)
    assert code == 1
    assert "--overwrite" in err
    assert run(gray, "-o", gray, "--overwrite")[0] == 0
    assert rgb_of(gray).shape == (100, 150, 3)


def test_newer_hints_replace_nothing_that_the_user_named(run, gray, tmp_path):
    hints = tmp_path / "h.json"
    hints.write_text('{"handtint_hints": 1, "points": [[20, 20, "#c04030"]]}')
    other = tmp_path / "other.png"
    shutil.copy(gray, other)
    for path in (gray, other):
        os.utime(path, (1e9, 1e9))
        before = path.read_bytes()
        code, _, err = run(gray, "-o", path, "--hints", hints)
        assert (code, "--overwrite" in err) == (1, True)
        assert path.read_bytes() == before
    assert run(gray, "-o", other, "--hints", hints, "--overwrite")[0] == 0


@pytest.mark.skipif(os.name == "nt", reason="making links needs a right there")
def test_a_result_that_is_a_link_to_the_photo(run, gray, tmp_path):
    hints = tmp_path / "h.json"
    hints.write_text('{"handtint_hints": 1, "points": [[20, 20, "#c04030"]]}')
    os.utime(gray, (1e9, 1e9))
    before = gray.read_bytes()
    gray.with_name("cat.colorized.png").symlink_to(gray)
    code, _, err = run(gray, "--hints", hints)
    assert (code, "--overwrite" in err) == (1, True)
    assert gray.read_bytes() == before


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_depth_is_kept(run, gray, tmp_path, dtype):
    plane = rgb_of(gray)
    if dtype is np.uint16:
        plane = plane.astype(np.uint16) * 257
    elif dtype is np.float32:
        plane = plane.astype(np.float32) / 255
    tifffile.imwrite(tmp_path / "a.tif", plane)
    assert run(tmp_path / "a.tif")[0] == 0
    result = tifffile.imread(tmp_path / "a.colorized.tif")
    assert result.dtype == dtype
    assert result.shape == (100, 150, 3)
    error = np.abs(luminance_of(result).astype(float) - plane)
    assert error.max() <= (1e-4 if dtype is np.float32 else 0)


def test_alpha_is_kept(run, gray, tmp_path):
    plane = rgb_of(gray)
    alpha = np.where(np.arange(150) < 70, 255, 10).astype(np.uint8)
    alpha = np.broadcast_to(alpha, plane.shape).copy()
    Image.fromarray(np.stack([plane, alpha], -1)).save(tmp_path / "a.png")
    assert run(tmp_path / "a.png")[0] == 0
    result = rgb_of(tmp_path / "a.colorized.png")
    np.testing.assert_array_equal(result[..., 3], alpha)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_odd_sizes(run, tmp_path, size):
    Image.new("L", size, 120).save(tmp_path / "a.png")
    assert run(tmp_path / "a.png")[0] == 0
    assert rgb_of(tmp_path / "a.colorized.png").shape == (size[1], size[0], 3)


def test_a_wrong_extension_gets_the_right_one(run, gray):
    odd = gray.with_name("odd.jpg")
    shutil.copy(gray, odd)
    code, out, _ = run(odd)
    assert code == 0
    assert out.strip().endswith("odd.colorized.png")


# Folders


@pytest.fixture
def folder(gray):
    """Three photos, two faulty files, and things that are no photos."""
    root = gray.parent
    (root / "sub").mkdir()
    shutil.copy(gray, root / "sub" / "cat.png")
    Image.open(gray).convert("RGB").save(root / "b.jpg")
    (root / "empty.png").touch()
    (root / "text.tif").write_text("not a picture")
    (root / "notes.txt").write_text("not a picture, and does not claim to be")
    (root / ".hidden.png").touch()
    (root / "old.colorized.png").touch()
    return root


def listed(root):
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def test_folder(run, folder, tmp_path):
    out = tmp_path / "out"
    code, said, err = run(folder, "-o", out)
    assert code == 1
    assert listed(out) == [
        "b.colorized.jpg",
        "cat.colorized.png",
        "handtint-failures.csv",
        "sub/cat.colorized.png",
    ]
    assert "3 colorized, 2 failed" in said
    assert f"{folder / 'empty.png'}: the file is empty." in err
    assert f"{folder / 'text.tif'}: this is not a picture that can be read" in err
    # The bar, with time spent and left and the rate.
    assert re.search(r"5/5 \[\d\d:\d\d<\d\d:\d\d, +[\d.]+ ?(photo/s|s/photo)\]", err), err
    with (out / "handtint-failures.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["photo", "error"]
    assert sorted(row[0] for row in rows[1:]) == [
        str(folder / "empty.png"),
        str(folder / "text.tif"),
    ]


def test_folder_goes_on_where_it_stopped(run, folder, tmp_path):
    (folder / "empty.png").unlink()
    (folder / "text.tif").unlink()
    out = tmp_path / "out"
    run(folder, "-o", out)
    first = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    assert len(first) == 3
    (out / "b.colorized.jpg").unlink()
    code, said, _ = run(folder, "-o", out)
    assert code == 0
    assert "1 colorized, 2 done before, 1 passed over (.txt 1)." in said
    same = [p for p, at in first.items() if p.stat().st_mtime_ns == at]
    assert len(same) == 2


def test_failures_of_an_earlier_run_do_not_remain(run, folder, tmp_path):
    out = tmp_path / "out"
    assert run(folder, "-o", out)[0] == 1
    shutil.copy(folder / "cat.png", folder / "empty.png")
    (folder / "text.tif").unlink()
    assert run(folder, "-o", out)[0] == 0
    assert not (out / "handtint-failures.csv").exists()


def test_same_name_twice(run, gray, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(gray, other / gray.name)
    out = tmp_path / "out"
    code, _, err = run(gray, other / gray.name, "-o", out)
    assert code == 1
    assert "would have the name" in err
    assert (out / "cat.colorized.png").exists()


@pytest.mark.slow
def test_batch_gives_the_same_bytes_as_one_by_one(run, folder, tmp_path):
    run(folder, "-o", tmp_path / "out")
    for name in ("cat.png", "b.jpg"):
        source = folder / name
        run(source, "-o", tmp_path / f"single-{name}")
        batch = tmp_path / "out" / f"{source.stem}.colorized{source.suffix}"
        assert batch.read_bytes() == (tmp_path / f"single-{name}").read_bytes()


# Hints


def chroma_at(path, x, y):
    return rgb_of(path)[y, x].astype(int)


def test_point(run, gray, tmp_path):
    assert run(gray, "-o", tmp_path / "a.png", "--point", "75,50,#e02020", "--radius", "10")[0] == 0
    assert run(gray, "-o", tmp_path / "b.png", "--point", "75,50,#2020e0", "--radius", "10")[0] == 0
    red, blue = chroma_at(tmp_path / "a.png", 75, 50), chroma_at(tmp_path / "b.png", 75, 50)
    assert red[0] - red[2] > 30
    assert blue[2] - blue[0] > 30


def test_strength_zero_is_the_automatic_result(run, gray, tmp_path):
    run(gray, "-o", tmp_path / "a.png")
    run(gray, "-o", tmp_path / "b.png", "--point", "75,50,#e02020", "--strength", "0")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.slow
def test_painted_layer_and_saved_hints_replay(run, gray, tmp_path):
    layer = np.zeros((100, 150, 4), np.uint8)
    layer[40:60, 60:90] = (20, 160, 40, 255)
    Image.fromarray(layer).save(tmp_path / "hints.png")
    assert (
        run(gray, "-o", tmp_path / "a.png", "--hints", tmp_path / "hints.png", "--save-hints")[0]
        == 0
    )
    green = chroma_at(tmp_path / "a.png", 75, 50)
    assert green[1] - max(green[0], green[2]) > 20
    saved = gray.with_name("cat.png.hints.json")
    assert json.loads(saved.read_text())["size"] == [150, 100]
    assert run(gray, "-o", tmp_path / "b.png", "--hints", saved)[0] == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    # A folder of hints serves the photos that have some.
    assert run(gray.parent, "-o", tmp_path / "out", "--hints", gray.parent)[0] == 0
    assert (tmp_path / "out" / "cat.colorized.png").read_bytes() == (
        tmp_path / "a.png"
    ).read_bytes()


def test_saved_hints_are_never_those_of_an_earlier_result(run, gray, tmp_path):
    """Without hints none are saved; older ones stay only if the run is refused."""
    saved = gray.with_name("cat.png.hints.json")
    assert run(gray, "-o", tmp_path / "a.png", "--save-hints")[0] == 0
    assert not saved.exists()
    assert run(gray, "-o", tmp_path / "b.png", "--point", "75,50,#e02020", "--save-hints")[0] == 0
    before = saved.read_bytes()
    code, _, err = run(gray, "-o", tmp_path / "c.png", "--save-hints")
    assert code == 1
    assert "cat.png.hints.json holds those of an earlier one; add --overwrite" in err
    assert saved.read_bytes() == before
    assert not (tmp_path / "c.png").exists()
    assert run(gray, "-o", tmp_path / "c.png", "--save-hints", "--overwrite")[0] == 0
    assert (tmp_path / "c.png").read_bytes() == (tmp_path / "a.png").read_bytes()
    assert not saved.exists()
    # A file without hints that was given is this result's own.
    saved.write_text('{"handtint_hints": 1}')
    for more in ((), ("--overwrite",)):
        given = ("--hints", saved, "--save-hints", *more)
        assert run(gray, "-o", tmp_path / f"d{len(more)}.png", *given)[0] == 0
        assert saved.exists()


def test_saved_hints_are_replaced_only_if_asked(run, gray, tmp_path):
    """Forty points may be an hour's work; the same ones, and their own file, are no loss."""
    saved = gray.with_name("cat.png.hints.json")
    points = [[10 + i, 20 + i, "#a0522d"] for i in range(40)]
    saved.write_text(json.dumps({"handtint_hints": 1, "points": points}))
    before = saved.read_bytes()
    red = ("--point", "75,50,#e02020", "--save-hints")
    code, _, err = run(gray, *red, "-o", tmp_path / "a.png")
    assert code == 1
    assert "cat.png.hints.json holds other hints; add --overwrite to replace them" in err
    assert saved.read_bytes() == before
    assert not (tmp_path / "a.png").exists()
    # The same hints from elsewhere leave the file as it is.
    shutil.copy(saved, tmp_path / "copy.json")
    same = ("--hints", tmp_path / "copy.json", "--save-hints")
    assert run(gray, *same, "-o", tmp_path / "b.png")[0] == 0
    assert saved.read_bytes() == before
    # One more point on those of the file itself.
    assert run(gray, "--hints", saved, *red, "-o", tmp_path / "c.png")[0] == 0
    assert len(json.loads(saved.read_text())["patches"]) == 41
    assert run(gray, *red, "--overwrite", "-o", tmp_path / "d.png")[0] == 0
    assert len(json.loads(saved.read_text())["patches"]) == 1
    saved.write_text("damaged")
    assert "holds other hints" in run(gray, *red, "-o", tmp_path / "e.png")[2]


def test_a_mask_keeps_hints_inside(run, gray, tmp_path):
    mask = np.zeros((100, 150), np.uint8)
    mask[20:80, 40:110] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    point = ("--point", "75,50,#20a040", "--radius", "9")
    within = ("--within", tmp_path / "mask.png")
    for name, more in (("a", ()), ("b", point), ("c", (*point, *within, "--save-hints"))):
        assert run(gray, "-o", tmp_path / f"{name}.png", *more)[0] == 0
    plain, free, fenced = (np.asarray(Image.open(tmp_path / f"{n}.png")) for n in "abc")
    assert (free != plain)[mask == 0].any()
    assert np.array_equal(fenced[mask == 0], plain[mask == 0])
    assert (fenced != plain)[mask > 0].any()
    saved = gray.with_name("cat.png.hints.json")
    assert run(gray, "-o", tmp_path / "d.png", "--hints", saved)[0] == 0
    assert (tmp_path / "c.png").read_bytes() == (tmp_path / "d.png").read_bytes()


def test_masks_that_do_not_fit(run, gray, folder, tmp_path):
    Image.new("L", (10, 10), 255).save(tmp_path / "small.png")
    Image.new("L", (150, 100)).save(tmp_path / "black.png")
    for name, words in (("small.png", "10 x 10"), ("black.png", "marks no pixel")):
        code, _, err = run(gray, "--point", "75,50,#20a040", "--within", tmp_path / name)
        assert code == 1
        assert words in err
    code, _, err = run(folder, "--within", tmp_path / "small.png", "--hints", folder)
    assert code == 1
    assert "--hints FOLDER" in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--point", "75,50"], 2, "X,Y,#RRGGBB"),
        (["--point", "75,50,red"], 2, "#rrggbb"),
        (["--point", "a,50,#ffffff"], 2, "X,Y,#RRGGBB"),
        (["--point", "500,50,#ffffff"], 1, "outside the photo of 150 x 100"),
        (["--point", "-10,10,#ffffff", "--radius", "40"], 1, "outside the photo of 150 x 100"),
        (["--point", "150,100,#ffffff", "--radius", "4"], 1, "outside the photo of 150 x 100"),
        (["--vividness", "1.5"], 2, "vividness"),
        (["--render-size", "64"], 2, "128"),
        (["--hints", "missing.png"], 2, "missing.png"),
        (["--token-file", "x"], 2, "--server"),
        (["--within", "."], 2, "is a directory"),
        (["--within", __file__], 2, "--within keeps --point and --hints inside a mask: give some"),
    ],
)
def test_wrong_options(run, gray, arguments, code, words):
    got, _, err = run(gray, *arguments)
    assert (got, words in err) == (code, True), err
    assert listed(gray.parent) == ["cat.png"]


def test_hints_that_do_not_fit(run, gray, tmp_path):
    Image.new("RGBA", (10, 10)).save(tmp_path / "small.png")
    Image.new("RGB", (150, 100)).save(tmp_path / "opaque.png")
    for name, words in (("small.png", "10 x 10"), ("opaque.png", "no transparency")):
        code, _, err = run(gray, "--hints", tmp_path / name)
        assert code == 1
        assert words in err


def test_a_point_is_for_one_photo(run, folder):
    code, _, err = run(folder, "--point", "1,1,#ffffff")
    assert code == 1
    assert "--hints FOLDER" in err


# Faults


def test_nothing_to_do(run, tmp_path):
    code, _, err = run(tmp_path)
    assert code == 1
    assert "no pictures" in err


def test_missing_file(run, tmp_path):
    code, _, err = run(tmp_path / "missing.png")
    assert code == 1
    assert "cannot be opened" in err
    assert err.count("\n") == 1


def test_weights_that_do_not_exist(call_main, gray, tmp_path):
    code, _, err = call_main("colorize", gray, "--weights", tmp_path / "none.safetensors")
    assert code == 1
    assert err.count("\n") == 1


def test_a_device_that_does_not_exist(call_main, gray, tiny_weights):
    code, _, err = call_main("colorize", gray, "--weights", tiny_weights, "--device", "cuda:77")
    assert code == 1
    assert "cuda:77" in err


def test_output_folder_that_cannot_be_made(run, gray, tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, _, err = run(gray, "-o", tmp_path / "file" / "sub")
    assert code == 1
    assert "file" in err


def test_pixel_limit(run, gray):
    code, _, err = run(gray, "--max-pixels", "1000")
    assert code == 1
    assert "150 x 100" in err


# Suggestions


def test_suggest(call_main, gray, tiny_weights):
    device = ["--weights", tiny_weights, "--device", "cpu"]
    code, out, _ = call_main("suggest", gray, "75,50", "--json", *device)
    assert code == 0
    found = json.loads(out)
    assert 1 <= len(found) <= 9
    probabilities = [s["probability"] for s in found]
    assert all(0 < p <= 1 for p in probabilities)
    code, text, _ = call_main("suggest", gray, "75,50", *device)
    assert code == 0
    lines = [line.split() for line in text.splitlines()]
    assert [color for color, _ in lines] == [s["color"] for s in found]
    assert all(share.endswith("%") for _, share in lines)
    hints = gray.with_name("hints.json")
    hints.write_text('{"handtint_hints": 1, "points": [[75, 50, "#20a040", 20]]}')
    _, settled, _ = call_main("suggest", gray, "75,50", "--hints", hints, *device)
    assert "<0.1%" in settled
    assert " 0.0%" not in settled
    _, three, _ = call_main("suggest", gray, "75,50", "-n", "3", *device)
    assert len(three.splitlines()) <= 3


@pytest.mark.parametrize(
    ("place", "code", "words"),
    [
        ("75", 2, "X,Y"),
        ("900,50", 1, "outside the photo"),
        ("150,100", 1, "outside the photo"),
        ("nan,5", 2, "finite"),
    ],
)
def test_suggest_at_a_wrong_place(call_main, gray, place, code, words):
    got, _, err = call_main("suggest", gray, place)
    assert got == code
    assert words in err


# A server


@pytest.mark.slow
def test_server_gives_the_same_pixels(run, live, gray, tmp_path):
    token = tmp_path / "token"
    token.write_text(live.token)
    options = ["--vividness", "0.3", "--point", "75,50,#2020e0"]
    run(gray, "-o", tmp_path / "a.png", *options)
    code, _, err = run(
        gray,
        "-o",
        tmp_path / "b.png",
        *options,
        "--server",
        live.url,
        "--token-file",
        token,
        weights=False,
    )
    assert code == 0, err
    np.testing.assert_array_equal(rgb_of(tmp_path / "a.png"), rgb_of(tmp_path / "b.png"))


def test_server_with_a_wrong_token(run, live, gray, tmp_path):
    (tmp_path / "token").write_text("wrong")
    code, _, err = run(
        gray, "--server", live.url, "--token-file", tmp_path / "token", weights=False
    )
    assert code == 1
    assert err.count("\n") == 1


def test_no_server_there(run, gray, tmp_path):
    (tmp_path / "token").write_text("x")
    code, _, err = run(
        gray, "--server", "http://127.0.0.1:9", "--token-file", tmp_path / "token", weights=False
    )
    assert code == 1
    assert "reached" in err


def test_suggest_of_a_server(call_main, live, gray, tiny_weights, tmp_path):
    """The same colours as here, hints and transparency counted in."""
    (tmp_path / "token").write_text(live.token)
    clear = tmp_path / "clear.png"
    with Image.open(gray) as photo:
        alpha = Image.new("L", photo.size, 255)
        alpha.paste(0, (0, 0, 60, 100))
        Image.merge("LA", (photo.convert("L"), alpha)).save(clear)
    strokes = Image.new("RGBA", (150, 100))
    strokes.paste((32, 32, 224, 255), (90, 40, 100, 50))
    strokes.save(tmp_path / "hints.png")
    given = ["--json", "-n", "5", "--render-size", "192", "--hints", tmp_path / "hints.png"]
    asked = [*given, "--server", live.url, "--token-file", tmp_path / "token"]
    here = [*given, "--weights", tiny_weights, "--device", "cpu"]
    for photo in (gray, clear):
        code, expected, err = call_main("suggest", photo, "75,50", *here)
        assert code == 0, err
        code, found, err = call_main("suggest", photo, "75,50", *asked)
        assert code == 0, err
        pairs = list(zip(json.loads(found), json.loads(expected), strict=True))
        assert [a["color"] for a, _ in pairs] == [b["color"] for _, b in pairs]
        assert all(abs(a["probability"] - b["probability"]) < 1e-4 for a, b in pairs)


@pytest.mark.parametrize("command", [["colorize"], ["suggest"]])
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--token-file", "{wrong}"], 2, "belongs to --server"),
        (["--server", "{url}", "--device", "cpu"], 2, "the server's own"),
        (["--server", "{url}", "--weights", "x"], 2, "the server's own"),
        (["--server", "{url}"], 1, "--token-file"),
        (["--server", "{url}", "--token-file", "{missing}"], 1, "cannot be read"),
        (["--server", "{url}", "--token-file", "{binary}"], 1, "holds no token"),
        (["--server", "{url}", "--token-file", "{wrong}"], 1, "token is wrong"),
        (["--server", "http://127.0.0.1:9", "--token-file", "{wrong}"], 1, "reached"),
        (["--server", "127.0.0.1:9", "--token-file", "{wrong}"], 1, "http://"),
        (["--server", "local"], 1, "handtint serve"),
    ],
)
def test_servers_that_cannot_be_used(
    call_main, live, gray, tmp_path, monkeypatch, command, arguments, code, words
):
    monkeypatch.setenv("HANDTINT_RUNTIME_DIR", str(tmp_path / "no-runtime"))
    names = {"url": live.url}
    for name, content in {"wrong": b"not-this", "binary": b"\xc3\xa9\nX: y"}.items():
        (tmp_path / name).write_bytes(content)
        names[name] = tmp_path / name
    names["missing"] = tmp_path / "missing"
    place = ["75,50"] if command == ["suggest"] else []
    given = [argument.format(**names) for argument in arguments]
    got, out, err = call_main(*command, gray, *place, *given)
    assert (got, out) == (code, "")
    assert words in err
    assert "Traceback" not in err


def test_suggest_asks_a_server_for_what_it_has(call_main, gray):
    code, _, err = call_main("suggest", gray, "75,50", "-n", "40", "--server", "local")
    assert code == 2
    assert "1<=x<=32" in err


@pytest.mark.slow
def test_a_result_says_that_it_is_one(run, call_main, gray, tmp_path):
    marked, plain = tmp_path / "marked.png", tmp_path / "plain.png"
    point = ("--point", "70,50,#c04030", "--vividness", "0.25")
    assert run(gray, "-o", marked, *point)[0] == 0
    assert run(gray, "-o", plain, *point, "--no-mark")[0] == 0
    np.testing.assert_array_equal(rgb_of(marked), rgb_of(plain))
    code, out, _ = call_main("info", "--json", marked, plain)
    assert code == 0
    told, silent = json.loads(out)
    assert (told["colorized"], silent["colorized"]) == (True, False)
    assert "vividness 0.25; hints 1" in told["history"][0]
    assert silent["history"] == []
    code, out, err = call_main("info", marked, tmp_path / "none.png")
    assert code == 1
    assert "compositeWithTrainedAlgorithmicMedia" in out
    assert "none.png" in err
    assert "Traceback" not in err


def test_info_tells_the_files_own_format(call_main, gray, tmp_path):
    for name, kind in (("a.avif", "AVIF"), ("a.webp", "WEBP"), ("a.tif", "TIFF")):
        Image.open(gray).convert("RGB").save(tmp_path / name, kind)
        code, out, _ = call_main("info", tmp_path / name)
        assert code == 0
        assert f"{name}: {kind}, 150 x 100 pixels, 8 bits" in out
        (told,) = json.loads(call_main("info", "--json", tmp_path / name)[1])
        assert told["format"] == kind.lower()


def test_info_tells_the_files_own_depth(call_main, gray, tmp_path):
    plane = rgb_of(gray)
    Image.fromarray(plane).convert("1").save(tmp_path / "1.tif")
    Image.fromarray(plane).convert("1").save(tmp_path / "1.png")
    deep = pyvips.Image.new_from_array(plane).cast("ushort") * 257
    deep = deep.cast("ushort").copy(interpretation="grey16")
    deep.heifsave(str(tmp_path / "10.avif"), compression="av1", bitdepth=10)
    tifffile.imwrite(tmp_path / "16.tif", plane.astype(np.uint16) * 257)
    tifffile.imwrite(tmp_path / "64.tif", plane / 255)
    Image.fromarray(plane).save(tmp_path / "8.jpg")
    for path in sorted(tmp_path.glob("[0-9]*")):
        bits = int(path.stem)
        code, out, err = call_main("info", path)
        assert code == 0, err
        assert f"150 x 100 pixels, {bits} {'bit' if bits == 1 else 'bits'}\n" in out
        (told,) = json.loads(call_main("info", "--json", path)[1])
        assert told["depth"] == bits


def test_beside(run, gray, tmp_path):
    assert run(gray, "-o", tmp_path / "out", "--beside")[0] == 0
    both = rgb_of(tmp_path / "out" / "cat.beside.colorized.png")
    original = np.array(Image.open(gray).convert("L"))
    np.testing.assert_array_equal(both[:, :150], np.repeat(original[..., None], 3, axis=2))
    np.testing.assert_array_equal(both[:, 150:], rgb_of(tmp_path / "out" / "cat.colorized.png"))
    # No folder search takes it for a photo.
    assert "no pictures" in run(tmp_path / "out")[2]
    # The name of a result that -o names has no mark, and neither has this one.
    assert run(gray, "-o", tmp_path / "a.png", "--beside")[0] == 0
    assert (tmp_path / "a.beside.png").read_bytes() == (
        tmp_path / "out" / "cat.beside.colorized.png"
    ).read_bytes()


def test_beside_replaces_nothing_unasked(run, gray, tmp_path):
    mine = tmp_path / "a.beside.png"
    mine.write_bytes(b"mine")
    code, _, err = run(gray, "-o", tmp_path / "a.png", "--beside")
    assert (code, "a.beside.png exists already; add --overwrite" in err) == (1, True)
    assert mine.read_bytes() == b"mine"
    assert not (tmp_path / "a.png").exists()
    assert run(gray, "-o", tmp_path / "a.png", "--beside", "--overwrite")[0] == 0
    assert rgb_of(mine).shape == (100, 300, 3)
    # The photo itself is not even replaced with --overwrite.
    shutil.copy(gray, mine)
    code, _, err = run(mine, "-o", tmp_path / "a.png", "--beside", "--overwrite")
    assert (code, "is the photo itself" in err) == (1, True)
    assert mine.read_bytes() == gray.read_bytes()
    # What an interrupted run has left is made again.
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cat.beside.colorized.png").write_bytes(b"half a run")
    assert run(gray, "-o", tmp_path / "out", "--beside")[0] == 0
    assert rgb_of(tmp_path / "out" / "cat.beside.colorized.png").shape == (100, 300, 3)


def test_beside_and_a_result_of_one_name(run, gray, tmp_path):
    shutil.copy(gray, gray.with_name("cat.beside.png"))
    code, said, err = run(gray.parent, "-o", tmp_path / "out", "--beside")
    assert code == 1, said
    assert "its result would have the name of the one of" in err
    names = sorted(p.name for p in (tmp_path / "out").glob("*.png"))
    assert names == ["cat.beside.beside.colorized.png", "cat.beside.colorized.png"]


@pytest.mark.slow
def test_a_reference_and_an_alternative(run, gray, tmp_path):
    color = tmp_path / "color.png"
    plane = np.array(Image.open(gray).convert("L"))
    Image.fromarray(np.dstack([plane, plane // 2 + 60, 255 - plane])).save(color)
    results = {}
    for name, words in (
        ("usual", ()),
        ("alternative", ("--alternative", 2)),
        ("reference", ("--reference", color)),
    ):
        assert run(gray, "-o", tmp_path / f"{name}.png", *words)[0] == 0
        results[name] = rgb_of(tmp_path / f"{name}.png").astype(int)
    for name in ("alternative", "reference"):
        assert np.abs(results[name] - results["usual"]).max() > 3
    code, _, err = run(gray, "-o", tmp_path / "no.png", "--reference", gray)
    assert code == 1
    assert "cat.png: the reference is gray; choose a photo in colour." in err
    assert not (tmp_path / "no.png").exists()


@pytest.mark.slow
def test_a_series_alike(run, gray, tmp_path):
    folder = gray.parent
    for name in ("dog", "owl"):
        shutil.copy(gray, folder / f"{name}.png")
    hints = tmp_path / "hints"
    hints.mkdir()
    layer = np.zeros((100, 150, 4), np.uint8)
    layer[20:80, 30:120] = (220, 30, 30, 255)
    Image.fromarray(layer).save(hints / "owl.png.hints.png")
    out = tmp_path / "out"
    code, shown, err = run(folder, "-o", out, "--alike", "--hints", hints)
    assert code == 0, err
    assert "3 colorized." in shown
    # What is painted on the last one counts on the others, which are the same photo.
    red = [rgb_of(out / f"{name}.colorized.png")[50, 75].astype(int) for name in ("owl", "cat")]
    assert red[0][0] - red[0][2] > 30
    assert red[1][0] - red[1][2] > 15
    # Again: nothing is left to do; and only what is missing is made.
    assert "3 done before" in run(folder, "-o", out, "--alike", "--hints", hints)[1]
    made = (out / "dog.colorized.png").read_bytes()
    (out / "dog.colorized.png").unlink()
    assert "1 colorized, 2 done before" in run(folder, "-o", out, "--alike", "--hints", hints)[1]
    assert len(made) == pytest.approx((out / "dog.colorized.png").stat().st_size, rel=0.2)


def test_like_an_earlier_result(run, gray, tmp_path):
    like = tmp_path / "like.png"
    Image.fromarray(np.dstack([np.array(Image.open(gray).convert("L"))] * 3)).save(like)
    assert "is gray" in run(gray, "-o", tmp_path / "a.png", "--like", like)[2]
    assert "leave out --engine ray" in run(gray, "--alike", "--engine", "ray", weights=False)[2]
