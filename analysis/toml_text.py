"""Plain values as TOML, which Python reads but does not write."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["toml_text"]


def toml_text(entries: Mapping[str, Any]) -> str:
    """``entries`` as TOML, one line each; mappings within become inline tables, None is left out.

    >>> print(toml_text({"name": "demo", "years": [2021, 2022], "about": {"real": False}}), end="")
    name = "demo"
    years = [2021, 2022]
    about = {real = false}
    """
    return "".join(f"{_key(str(k))} = {_value(v)}\n" for k, v in entries.items() if v is not None)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(v) for v in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(str(k))} = {_value(v)}' for k, v in value.items())}}}"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
