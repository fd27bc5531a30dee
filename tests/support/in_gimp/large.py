"""A layer of G["MEGAPIXELS"]: how long it takes, for bench/gimp_large.py."""

import time

import numpy as np


def case_large():
    h = int((G["MEGAPIXELS"] * 1e6 * 2 / 3) ** 0.5)
    w = h * 3 // 2
    y, x = np.mgrid[:h, :w].astype("f4")
    codes = (128 + 60 * np.sin(x / 97) * np.cos(y / 61) + 20 * np.sin(x / 5)).astype("u1")
    image = Gimp.Image.new(w, h, Gimp.ImageBaseType.GRAY)
    layer = add_layer(image, "Photo", w, h, "GRAY")
    put(layer, "Y' u8", codes.tobytes())
    seconds = []
    for _ in range(2):
        started = time.monotonic()
        colorize(image, layer)
        seconds.append(time.monotonic() - started)
        if len(seconds) == 1:
            hints = call(HINTS, image, layer).index(1)
            paint(hints, (200, 40, 40, 255), w // 3, h // 3, w // 20, h // 40)
    return {"width": w, "height": h, "first": seconds[0], "again_with_a_hint": seconds[1]}
