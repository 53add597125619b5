"""Digests of inputs and parameters.

A digest names content, not files: the same statements give the same digest
whether they came from Markdown, CSV, JSON Lines or Parquet.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["Recipe", "canonical", "digest", "round_significant", "table_bytes"]

#: Floats are rounded once, to this many significant digits, before they are
#: written, drawn or digested.
SIGNIFICANT_DIGITS = 6


class Recipe(Mapping[str, Any]):
    """How something was made: a mapping that cannot be changed, and that pickles.

    >>> recipe = Recipe({"hmm": True})
    >>> recipe["hmm"], len(recipe), dict(recipe)
    (True, 1, {'hmm': True})
    """

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, key: str) -> Any:
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"Recipe({self._entries!r})"


def round_significant(values: Any, digits: int = SIGNIFICANT_DIGITS) -> Any:
    """``values`` (number, array, Series or DataFrame) rounded to significant digits.

    Integers, booleans and text are left as they are; NaN and infinities stay.

    >>> round_significant(1234567.891)
    1234570.0
    >>> round_significant(np.array([0.000123456789, 0.0])).tolist()
    [0.000123457, 0.0]
    """
    if isinstance(values, pd.DataFrame):
        rounded = values.copy()
        for i, dtype in enumerate(values.dtypes):
            if dtype.kind == "f":
                rounded.isetitem(i, round_significant(values.iloc[:, i], digits))
        return rounded
    if isinstance(values, pd.Series):
        if values.dtype.kind != "f":
            return values
        return pd.Series(round_significant(values.to_numpy(), digits), index=values.index, name=values.name)
    if isinstance(values, np.ndarray):
        if values.dtype.kind != "f":
            return values
        return _round_array(values, digits)
    if isinstance(values, float | np.floating):
        return _round(float(values), digits)
    return values


def _round(value: float, digits: int) -> float:
    # Through text: decimal rounding that is the same on every platform.
    # Adding 0.0 makes of -0.0, which depends on the order of a sum, plain 0.0.
    return float(f"{value:.{digits - 1}e}") if math.isfinite(value) and value else value + 0.0


@np.errstate(over="ignore", invalid="ignore")
def _round_array(values: np.ndarray[Any, Any], digits: int) -> np.ndarray[Any, Any]:
    """What `_round` gives for each of ``values``, at once; the few that arithmetic cannot decide go through text."""
    flat = values.ravel().astype(np.float64)
    result = flat + 0.0
    known = np.flatnonzero(np.isfinite(flat) & (flat != 0))
    number = flat[known]
    places = digits - 1 - np.floor(np.log10(np.abs(number))).astype(np.int64)
    # Powers of ten up to 10^22 are exact: a whole number times or over one of them is rounded once, as text is.
    power = 10.0 ** np.minimum(np.abs(places), 22)
    scaled = np.where(places >= 0, number * power, number / power)
    whole = np.rint(scaled)
    result[known] = np.where(places >= 0, whole / power, whole * power)
    # Next to a half, scaling may have moved a number to the wrong side.
    unsure = (np.abs(places) > 22) | (np.abs(np.abs(scaled - whole) - 0.5) < 10.0 ** (digits - 14))
    for i in known[unsure].tolist():
        result[i] = _round(float(flat[i]), digits)
    return result.reshape(values.shape)


def canonical(value: Any) -> Any:
    """``value`` as plain JSON data with one form for one content.

    Mappings are sorted by key, floats rounded, arrays and tables spelled out,
    and anything that has a ``digest`` is replaced by it.
    """
    if hasattr(value, "digest") and isinstance(value.digest, str):
        return value.digest
    if isinstance(value, Mapping):
        return {str(k): canonical(value[k]) for k in sorted(value, key=str)}
    if isinstance(value, pd.DataFrame):
        return hashlib.sha256(table_bytes(value)).hexdigest()
    if isinstance(value, np.ndarray | pd.Series | pd.Index):
        return [canonical(v) for v in value.tolist()]
    if isinstance(value, set | frozenset):
        return sorted((canonical(v) for v in value), key=str)
    if isinstance(value, list | tuple):
        return [canonical(v) for v in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        rounded = round_significant(float(value))
        return rounded if math.isfinite(rounded) else str(rounded)
    if value is None or isinstance(value, str):
        return value
    return str(value)


def digest(value: Any) -> str:
    """``sha256:`` and 64 hexadecimal digits of the canonical form of ``value``.

    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    text = json.dumps(canonical(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def table_bytes(table: pd.DataFrame) -> bytes:
    """``table`` as the CSV bytes that are committed and digested.

    UTF-8, ``\\n`` line ends, floats rounded to six significant digits, missing
    values empty, the index left out.
    """
    rounded = round_significant(table)
    text: str = rounded.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # which pandas leaves outside quotes, where it would end the row
        text = rounded.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text.encode("utf-8")
