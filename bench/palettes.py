"""Makes the palettes in plugins/palettes from measurements, and a table of named colors.

    python bench/palettes.py DATA     # with DATA/photos/train and DATA/masks-train

Measured: skin and hair in photos whose faces people have outlined; foliage, sky, water, wood and
brick in photos that are named for what they show, by where such colors lie.  A color is the median
of a* and b* of the pixels in a band of lightness, at the band's median lightness.  Dyes and
uniforms have no photos to be measured in: they are mixed by eye after the description named.
"""

from __future__ import annotations

import argparse
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handtint_model.evaluation.lab import lab_to_rgb, rgb_to_lab

HERE = Path(__file__).resolve().parents[1] / "plugins" / "palettes"
Array = NDArray[np.float64]
Color = tuple[str, tuple[int, int, int]]

BANDS = (("shade", 0.1, 0.3), ("middle", 0.4, 0.6), ("light", 0.75, 0.92))
"""Names of the bands, and which share of the pixels, by rising lightness, lies in each."""

TONES = ("very light", "light", "medium light", "medium", "brown", "dark brown")

# Name, sRGB, and whose words it follows.
DYES = (
    ("Indigo", "#2f4260", "natural and, from 1897, synthetic indigo: work clothes, denim"),
    (
        "Madder, alizarin red",
        "#8e3430",
        "madder and synthetic alizarin: cottons, trousers, ribbons",
    ),
    ("Turkey red", "#a32c2c", "alizarin on oiled cotton"),
    ("Logwood black", "#2b2a2c", "logwood with iron or chrome: suits and mourning"),
    ("Sulfur black", "#25272a", "from 1893: cotton stockings and work clothes"),
    ("Cutch brown", "#6e4a33", "catechu: sails, fishermen's clothes"),
    ("Mauveine", "#7c5c86", "the first aniline dye, 1856: ribbons, blouses"),
    ("Methyl violet", "#5b3f83", "from 1861: silks"),
    ("Malachite green", "#33685a", "from 1877: silks and wools"),
    ("Chrome yellow", "#c8a03c", "paint of carts, signs and buses"),
    ("Naphthol orange", "#b9652f", "Orange II, 1876: wool"),
    ("Congo red", "#b04a45", "1884, the first direct dye: cotton"),
    ("Prussian blue", "#27425e", "pigment and dye: ribbons, blueprints"),
    ("Indanthrene blue", "#34507f", "vat dye of 1901: washable cottons"),
    ("Weld yellow", "#c3b15a", "older yellows on wool"),
)
UNIFORMS = (
    ("Khaki drab, Britain 1902", "#7b6d4d", "service dress; Dress Regulations for the Army, 1911"),
    ("Khaki drill, Britain", "#a8946a", "tropical clothing; Dress Regulations for the Army, 1911"),
    ("Horizon blue, France 1915", "#7d8ea0", "bleu horizon: white, light and dark blue wool mixed"),
    ("Garance, France to 1914", "#9a3a35", "trousers and caps dyed with madder or alizarin"),
    ("Feldgrau, Germany 1907", "#6d7465", "M1907/10: gray with a green cast"),
    ("Feldgrau, Germany 1936", "#5b6354", "darker and greener than the first"),
    ("Reed green, Germany 1940", "#6b705c", "drill work suits"),
    ("Hechtgrau, Austria 1908", "#7b8693", "pike gray: bluish"),
    ("Gray-green, Italy 1909", "#6f7565", "grigio-verde"),
    ("Gymnasterka, Russia 1907", "#7f7a58", "protective khaki-green cotton"),
    ("Olive drab, USA 1902", "#6a6146", "wool service uniform, to 1926"),
    ("Olive drab 3, USA 1941", "#837a5c", "cotton of the field jacket M-1941: pale"),
    ("Olive drab 7, USA 1943", "#4f5340", "cotton of the field jacket M-1943: dark and green"),
    ("Navy blue", "#2c3444", "wool of navies"),
    ("Air force blue, Britain 1919", "#56657a", "wool of the Royal Air Force"),
    ("Tricolor red of a sash or flag", "#a8323a", "wool bunting"),
    ("Postal blue, Germany", "#34476b", "uniforms of the Reichspost"),
    ("Nurse's gray-blue", "#8b98a8", "cotton dresses under white aprons"),
)


def masked(data: Path, names: tuple[str, ...], label: int) -> Iterator[Array]:
    """Lab (N, 3) of the pixels that carry a label, photo by photo."""
    for name in names:
        with tarfile.open(data / "masks-train" / f"{name}-000.tar") as shard:
            files = {m.name: m for m in shard if m.isfile()}
            for photo in sorted(n for n in files if n.endswith(".avif")):
                maps = photo.replace(".avif", ".png")
                pixels, labels = (
                    np.asarray(Image.open(io.BytesIO(shard.extractfile(files[n]).read())))  # type: ignore[union-attr]
                    for n in (photo, maps)
                )
                lab = rgb_to_lab(pixels[..., :3] / 255.0)[labels == label]
                if len(lab) > 200:
                    yield lab


def placed(data: Path, shards: tuple[str, ...], rows: slice, limit: int = 160) -> Array:
    """Lab (N, 3) of some pixels in ``rows`` (of 100) of photos of some shards."""
    found = []
    paths = [p for s in shards for p in sorted((data / "photos" / "train").glob(f"{s}-*.tar"))]
    for data_of_photo in _some(paths, limit):
        with Image.open(io.BytesIO(data_of_photo)) as photo:
            rgb = photo.convert("RGB").resize((100, 100), Image.Resampling.BOX)
        small = np.asarray(rgb)
        found.append(rgb_to_lab(small / 255.0)[rows][:, ::3].reshape(-1, 3))
    return np.concatenate(found)


def _some(shards: list[Path], limit: int) -> Iterator[bytes]:
    """Files of photos, evenly spaced in each shard."""
    for path in shards:
        with tarfile.open(path) as shard:
            files = sorted((m for m in shard if m.isfile()), key=lambda m: m.name)
            step = max(1, len(files) * len(shards) // limit)
            for member in files[::step]:
                yield shard.extractfile(member).read()  # type: ignore[union-attr]


def hued(lab: Array, low: float, high: float, least: float, most: float = 70.0) -> Array:
    """The pixels whose hue (degrees) and chroma lie in a window."""
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360
    return lab[(hue >= low) & (hue < high) & (chroma >= least) & (chroma <= most)]


def bands(lab: Array, name: str) -> list[Color]:
    """Three colors of some pixels: in shade, between, and in light."""
    order = lab[np.argsort(lab[:, 0])]
    found = []
    for word, low, high in BANDS:
        part = order[int(low * len(order)) : max(int(high * len(order)), 1)]
        found.append((f"{name}, {word}", to_code(np.median(part, axis=0))))
    return found


def skin(data: Path) -> list[Color]:
    """Six classes of the individual typology angle (Chardon et al. 1991), in degrees.

    Of pixels of people whose color may be skin; light and shade differ as they do in faces.
    """
    people = np.concatenate(list(masked(data, ("people",), 1)))
    people = hued(people[(people[:, 0] > 15) & (people[:, 0] < 92)], 38, 70, 11, 36)
    angle = np.degrees(np.arctan2(people[:, 0] - 50.0, people[:, 2]))
    faces = [
        [np.median(part, axis=0) for part in np.array_split(lab[np.argsort(lab[:, 0])], 3)]
        for lab in masked(data, ("faces", "faces-pose"), 2)
    ]
    low, middle, high = np.median(np.array(faces), axis=0)
    found: list[Color] = []
    limits = (90.0, 55.0, 41.0, 28.0, 10.0, -30.0, -60.0)
    for tone, above, below in zip(TONES, limits[:-1], limits[1:]):
        usual = np.median(people[(angle <= above) & (angle > below)], axis=0)
        for word, share in (("shade", low / middle), ("middle", 1.0), ("light", high / middle)):
            lab = np.minimum(usual * share, (93.0, 60.0, 60.0))
            found.append((f"Skin, {tone}, {word}", to_code(lab)))
    return found


def hair(data: Path) -> list[Color]:
    """Pixels of outlined hair whose color is a brown, in groups by lightness."""
    heads = np.concatenate(list(masked(data, ("faces", "faces-pose"), 1)))
    brown = hued(heads, 45, 85, 11)
    order = brown[np.argsort(brown[:, 0])]
    found = bands(heads[heads[:, 0] < np.quantile(heads[:, 0], 0.3)], "Hair, black")
    for name, low, high in (("dark brown", 0.2, 0.6), ("brown", 0.6, 0.92), ("fair", 0.96, 1.0)):
        found += bands(order[int(low * len(order)) : int(high * len(order))], f"Hair, {name}")
    return [*found, ("Hair, white", (222, 218, 210)), ("Hair, red", (140, 78, 48))]


def to_code(lab: Array) -> tuple[int, int, int]:
    """Lab (3,) to sRGB codes."""
    r, g, b = (round(float(v) * 255) for v in lab_to_rgb(lab[None, None])[0, 0])
    return r, g, b


def nature(data: Path) -> list[Color]:
    """Foliage, sky and water, by where they lie in photos of scenes."""
    scenes = placed(data, ("scene-intel", "spm-scenes", "sun-scenes"), slice(30, 100), 150)
    above = placed(data, ("weather", "spm-scenes"), slice(0, 20), 120)
    below = placed(data, ("spm-scenes", "scene-intel"), slice(75, 100), 120)
    found = bands(hued(scenes, 105, 120, 22), "Foliage, spring")
    found += bands(hued(scenes, 118, 150, 12), "Foliage, summer")
    found += bands(hued(scenes, 55, 82, 28), "Foliage, autumn")
    found += bands(hued(scenes, 70, 100, 8, 20), "Grass, dry")
    found += bands(hued(above, 240, 290, 10), "Sky, clear")
    found += bands(hued(above, 200, 290, 1, 9), "Sky, overcast")
    found += bands(hued(above, 35, 80, 20), "Sky, evening")
    found += bands(hued(below, 180, 230, 6), "Water, green-blue")
    return found + bands(hued(below, 235, 290, 8), "Water, blue")


def materials(data: Path) -> list[Color]:
    """Wood, brick and stone."""
    rooms = placed(data, ("houses", "furniture"), slice(20, 90), 120)
    streets = placed(data, ("geo-flickr", "selfexsr", "cmu-scenes"), slice(20, 90), 120)
    found = bands(hued(rooms, 62, 78, 18, 45), "Wood, light")
    found += bands(hued(rooms, 48, 62, 16, 45), "Wood, reddish")
    found += bands(hued(rooms, 55, 78, 6, 14), "Wood, weathered")
    found += bands(hued(streets, 30, 52, 18, 45), "Brick, red")
    found += bands(hued(streets, 62, 80, 18, 40), "Brick, yellow")
    found += bands(hued(streets, 70, 100, 6, 16), "Stone, sandstone")
    found += bands(hued(streets, 200, 300, 1, 6), "Stone, gray")
    return found + bands(hued(streets, 40, 75, 4, 10), "Stone, granite")


def named(table: tuple[tuple[str, str, str], ...]) -> list[Color]:
    """The colors of a table."""
    return [
        (name, tuple(int(code[i : i + 2], 16) for i in (1, 3, 5)))  # type: ignore[misc]
        for name, code, _ in table
    ]


def write(file: str, title: str, note: str, colors: list[Color]) -> None:
    """A palette of GIMP, which Krita reads as well."""
    lines = ["GIMP Palette", f"Name: Handtint {title}", "Columns: 3", f"# {note}"]
    lines += [f"{r:3d} {g:3d} {b:3d}\t{name}" for name, (r, g, b) in colors]
    (HERE / file).write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Write the palettes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    how = "measured in training photos; docs/palettes/README.md says how"
    write("handtint-skin-hair.gpl", "Skin and Hair", how, skin(data) + hair(data))
    write("handtint-nature.gpl", "Nature", how, nature(data))
    write("handtint-materials.gpl", "Wood, Brick, Stone", how, materials(data))
    words = "mixed by eye after descriptions; docs/palettes/README.md names them"
    write("handtint-dyes-uniforms.gpl", "Dyes and Uniforms", words, named(DYES + UNIFORMS))


if __name__ == "__main__":
    main()
