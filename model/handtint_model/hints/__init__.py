"""Painted hints, from layers to colors at full resolution; suggestions of what to paint."""
