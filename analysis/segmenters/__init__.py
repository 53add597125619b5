"""Engines that cut a text into pieces, one short file each.

The contract: a function ``pieces(text)`` whose pieces, joined, are the text.
Everything else (offsets, ids, white space) is the business of `analysis.cutting`.
No piece mixes white space with other characters.
"""
