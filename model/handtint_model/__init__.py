"""The colorizer: NumPy in, NumPy out."""
