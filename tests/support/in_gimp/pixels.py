"""Every kind of image: pixels of photo and result as they are stored, for the test to compare."""

import numpy as np

W, H = 72, 56
DTYPES = {"u8": "u1", "u16": "<u2", "float": "<f4"}
PRECISIONS = [
    *("U8_NON_LINEAR", "U8_LINEAR", "U16_NON_LINEAR", "U16_LINEAR", "U32_NON_LINEAR"),
    *("U32_LINEAR", "HALF_NON_LINEAR", "HALF_LINEAR", "FLOAT_NON_LINEAR", "FLOAT_LINEAR"),
]


def picture(channels):
    """Smooth and noisy, 0..1; alpha of all values."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:H, :W].astype("f4")
    base = 0.5 + 0.3 * np.sin(x / 9) * np.cos(y / 7)
    planes = [np.clip(base + rng.normal(0, 0.05, (H, W)), 0, 1) for _ in range(channels)]
    if channels in (2, 4):
        planes[-1] = np.clip(x / (W - 10), 0, 1)
    return np.stack(planes, -1).astype("<f4")


def make(base, precision, alpha, gray):
    image = Gimp.Image.new_with_precision(
        W, H, getattr(Gimp.ImageBaseType, base), getattr(Gimp.Precision, precision)
    )
    layer = add_layer(image, "Photo", W, H, base + ("A" if alpha else ""))
    model = ("Y'" if base == "GRAY" else "R'G'B'") + ("A" if alpha else "")
    values = picture((1 if base == "GRAY" else 3) + alpha)
    if gray:
        values[..., 1] = values[..., 2] = values[..., 0]
    put(layer, model + " float", values.tobytes())
    return image, layer, model


def one(base, precision, alpha, gray=False):
    name = "%s-%s%s%s" % (base, precision, "-alpha" if alpha else "", "-gray" if gray else "")
    image, layer, model = make(base, precision, alpha, gray)
    depth = {"U8_NON_LINEAR": "u8", "U16_NON_LINEAR": "u16"}.get(precision, "float")
    source = pixels(layer, "%s %s" % (model, depth))
    result = colorize(image, layer)
    kept = "R'G'B'" + ("A" if alpha else "")
    arrays = {
        "source": np.frombuffer(source, DTYPES[depth]).reshape(H, W, -1),
        # Of a gray image that is RGB now.
        "source_after": np.frombuffer(
            pixels(layer, "%s %s" % (kept, depth)), DTYPES[depth]
        ).reshape(H, W, -1),
        "result": np.frombuffer(pixels(result, "%s %s" % (kept, depth)), DTYPES[depth]).reshape(
            H, W, -1
        ),
        "linear": np.frombuffer(pixels(result, kept.replace("'", "") + " double"), "<f8").reshape(
            H, W, -1
        ),
        "encoded": np.frombuffer(pixels(result, kept + " double"), "<f8").reshape(H, W, -1),
    }
    np.savez(G["OUT"] + "/" + name + ".npz", **arrays)
    image.delete()
    return name


def case_pixels():
    done = []
    for precision in PRECISIONS:
        done.append(one("GRAY", precision, False))
        done.append(one("RGB", precision, True))
    for precision in ("U8_NON_LINEAR", "U16_NON_LINEAR", "FLOAT_LINEAR"):
        done.append(one("RGB", precision, False, gray=True))
        done.append(one("RGB", precision, True, gray=True))
        done.append(one("GRAY", precision, True))
    return done


def case_profile():
    """An image with a colour space of its own: what it stores must follow the sRGB answer."""
    image, layer, _ = make("RGB", "U8_NON_LINEAR", False, False)
    profile = Gimp.ColorProfile.new_rgb_adobe()
    assert image.set_color_profile(profile)
    source = pixels(layer, "R'G'B' float")
    result = colorize(image, layer)
    np.savez(
        G["OUT"] + "/profile.npz",
        source=np.frombuffer(source, "<f4").reshape(H, W, 3),
        result=np.frombuffer(pixels(result, "R'G'B' float"), "<f4").reshape(H, W, 3),
    )


def case_gray_profile():
    """A gray image with a profile becomes RGB without a change of what it shows."""
    image = Gimp.Image.new(W, H, Gimp.ImageBaseType.GRAY)
    layer = add_layer(image, "Photo", W, H, "GRAY")
    assert image.set_color_profile(Gimp.ColorProfile.new_d65_gray_linear())
    put(layer, "Y' float", picture(1).tobytes())
    source = pixels(layer, "Y' float")
    result = colorize(image, layer)
    np.savez(
        G["OUT"] + "/gray_profile.npz",
        source=np.frombuffer(source, "<f4").reshape(H, W),
        after=np.frombuffer(pixels(layer, "R'G'B' float"), "<f4").reshape(H, W, 3),
        result=np.frombuffer(pixels(result, "R'G'B' float"), "<f4").reshape(H, W, 3),
    )
