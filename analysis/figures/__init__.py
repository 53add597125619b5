"""Figures: style, plots (table in, Axes out) and saving with provenance.

Matplotlib is imported in this folder alone.
"""
