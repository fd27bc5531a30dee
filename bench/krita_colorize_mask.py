"""Runs inside Krita (kritarunner): gray.png and hints.png in /mnt to out.png.

Every colour of hints.png becomes one key stroke of a Colorize Mask on the gray layer.
"""

import os
import sys
import traceback

from PyQt5.QtCore import QByteArray
from PyQt5.QtGui import QColor, QImage

from krita import InfoObject, Krita, ManagedColor

FOLDER = "/mnt/"


def main(arguments):
    """Colorize and leave at once: kritarunner's own exit status says nothing."""
    status = 1
    try:
        colorize()
        status = 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def colorize():
    app = Krita.instance()
    app.setBatchmode(True)
    document = app.openDocument(FOLDER + "gray.png")
    document.setBatchmode(True)
    if document.colorModel() != "RGBA":
        document.setColorSpace("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")
        document.waitForDone()
    layer = document.topLevelNodes()[0]
    width, height = document.width(), document.height()

    mask = document.createColorizeMask("colours")
    layer.addChildNode(mask, None)
    document.waitForDone()
    mask.setEditKeyStrokes(True)
    mask.setUseEdgeDetection(True)
    mask.setEdgeDetectionSize(4.0)
    mask.setCleanUpAmount(70.0)
    mask.setLimitToDeviceBounds(True)

    strokes = key_strokes(FOLDER + "hints.png", width * height)
    colors = [ManagedColor.fromQColor(QColor(*color)) for color in strokes]
    # Without this first, setKeyStrokePixelData does nothing and answers False.
    mask.initializeKeyStrokeColors(colors, -1)
    for color, places in zip(colors, strokes.values()):
        if not mask.setKeyStrokePixelData(QByteArray(bytes(places)), color, 0, 0, width, height):
            raise RuntimeError("Krita refused a key stroke")

    mask.updateMask(True)
    document.waitForDone()
    mask.setEditKeyStrokes(False)
    mask.setShowOutput(True)
    mask.updateMask(True)
    document.waitForDone()
    document.refreshProjection()
    document.waitForDone()
    if not document.exportImage(FOLDER + "out.png", InfoObject()):
        raise RuntimeError("Krita could not write the picture")


def key_strokes(path, pixels):
    """{(r, g, b): a byte per pixel, 255 where it is painted}."""
    image = QImage(path).convertToFormat(QImage.Format_ARGB32)
    bits = image.constBits().asstring(pixels * 4)
    blue, green, red, alpha = (bits[channel::4] for channel in range(4))
    strokes = {}
    for place in range(pixels):
        if alpha[place] > 127:
            color = red[place], green[place], blue[place]
            strokes.setdefault(color, bytearray(pixels))[place] = 255
    return strokes
