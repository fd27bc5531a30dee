"""Write the seed corpus of tests/server/decode/test_fuzz.py: small files of every kind.

Run from the repository root: python tests/support/make_fuzz_seeds.py
"""

from __future__ import annotations

import io
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from PIL import Image, ImageCms

FOLDER = Path(__file__).parents[1] / "data" / "fuzz"
W, H = 20, 14


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    ramp = (np.add.outer(np.arange(H) * 5, np.arange(W) * 7) % 256).astype(np.uint8)
    rgb = np.dstack([ramp, ramp // 2, 255 - ramp])
    rgba = np.dstack([rgb, np.where(ramp > 40, 255, 0).astype(np.uint8)])
    pictures(ramp, rgb, rgba)
    tiffs(ramp, rgb)
    (FOLDER / "hints.raw").write_bytes(rgba[:8, :8].tobytes())
    (FOLDER / "hints.zlib").write_bytes(zlib.compress(rgba[:8, :8].tobytes()))
    (FOLDER / "mask.zlib").write_bytes(zlib.compress(bytes(64)))
    profiles()
    requests_and_bodies(ramp)


def pictures(ramp: Any, rgb: Any, rgba: Any) -> None:
    gray, color, clear = map(Image.fromarray, (ramp, rgb, rgba))
    gray.save(FOLDER / "gray.png")
    color.save(FOLDER / "rgb.png", dpi=(300, 300))
    clear.save(FOLDER / "rgba.png")
    color.quantize(8).save(FOLDER / "palette.png", transparency=0)
    gray.convert("LA").save(FOLDER / "gray-alpha.png")
    Image.fromarray(ramp.astype(np.uint16) * 257).save(FOLDER / "gray16.png")
    gray.convert("1").save(FOLDER / "bits.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    gray.save(FOLDER / "gray.jpg", quality=80, exif=exif)
    color.save(FOLDER / "rgb.jpg", quality=80, progressive=True)
    color.convert("CMYK").save(FOLDER / "cmyk.jpg", quality=80)
    color.save(FOLDER / "lossy.webp", quality=70)
    clear.save(FOLDER / "lossless.webp", lossless=True)
    frames = io.BytesIO()
    color.save(frames, "WEBP", save_all=True, append_images=[gray.convert("RGB")])
    (FOLDER / "animated.webp").write_bytes(frames.getvalue())


def tiffs(ramp: Any, rgb: Any) -> None:
    gray = pyvips.Image.new_from_array(ramp)
    color = pyvips.Image.new_from_array(rgb, interpretation="srgb")
    deep = (gray * 257).cast("ushort").copy(interpretation="grey16")
    real = (gray / 255).cast("float")
    for name, image, options in (
        ("gray.tif", gray, {}),
        ("rgb-lzw.tif", color, {"compression": "lzw", "predictor": "horizontal"}),
        ("gray16-deflate.tif", deep, {"compression": "deflate"}),
        ("float.tif", real, {}),
        ("tiled.tif", color, {"tile": True, "tile_width": 16, "tile_height": 16}),
        ("jpeg.tif", color, {"compression": "jpeg"}),
        ("big.tif", gray, {"bigtiff": True}),
        ("bits.tif", gray, {"bitdepth": 1, "compression": "ccittfax4"}),
    ):
        (FOLDER / name).write_bytes(image.tiffsave_buffer(**options))


def profiles() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    (FOLDER / "srgb.icc").write_bytes(srgb)
    wide = bytearray(srgb)
    at = wide.index(b"XYZ ", 400)
    wide[at + 8 : at + 12] = (0x9000).to_bytes(4, "big")
    (FOLDER / "other.icc").write_bytes(bytes(wide))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    (FOLDER / "lab.icc").write_bytes(lab)


def requests_and_bodies(ramp: Any) -> None:
    raw = {"width": W, "height": H, "dtype": "u8", "layout": "Y", "output": "raw"}
    examples = {
        "raw": raw,
        "everything": {
            "request_id": "a-1",
            "image_id": "x.1",
            "hints": {"x": -3, "y": 4, "width": 8, "height": 8, "encoding": "zlib"},
            "points": [{"x": 1.5, "y": 2, "color": "#c04030", "radius": 3}],
            "vividness": 0.4,
            "strength": 1,
            "render_size": 256,
            "region": [0, 0, 5, 5],
        },
        "suggest": {"image_id": "x", "point": [1, 2], "n": 3},
        "mask": {"image_id": "x", "mask": {"x": 0, "y": 0, "width": 8, "height": 8}},
        "map": {"image_id": "x", "output": "png", "map_dtype": "f32"},
    }
    for name, value in examples.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(value))
    part = '--x1\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
    (FOLDER / "plane.multipart").write_bytes(
        part.format("request", "").encode()
        + json.dumps(raw).encode()
        + b"\r\n"
        + part.format("plane", '; filename="p"\r\nContent-Type: image/png').encode()
        + ramp.tobytes()
        + b"\r\n--x1--\r\n"
    )
    (FOLDER / "image.multipart").write_bytes(
        part.format("image", "").encode() + b"abc\r\n--x1--\r\nepilogue"
    )


if __name__ == "__main__":
    main()
