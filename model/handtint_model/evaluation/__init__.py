"""Measuring a colorizer: metrics, published protocols, baselines, tables, contact sheets."""
