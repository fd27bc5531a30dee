"""Color science: constants, sRGB <-> Lab, tables by code value, the gamut, the 313 bins."""
