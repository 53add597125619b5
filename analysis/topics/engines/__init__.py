"""Engines that find topics in counts, one short file each; `base` has their contract."""
