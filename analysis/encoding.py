"""From bytes to text, and text that was read in the wrong encoding."""

from __future__ import annotations

import codecs
import re

__all__ = ["decode", "mojibake", "surrogates"]

# What GBK makes of the bytes of Chinese in UTF-8: Han, and here and there kana, Greek, Cyrillic, symbols.
_HAN_RUN = re.compile(r"[\u0370-\u04ff\u20ac\u2100-\u2bff\u3040-\u9fff\ue000-\uf8ff\uff00-\uffef]{12,}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def decode(data: bytes) -> tuple[str, str]:
    """``data`` as text, and the name of the encoding it was read in.

    A byte order mark decides; without one UTF-8 is tried, then GB18030, the
    encoding of most older Chinese files.

    Raises
    ------
    UnicodeDecodeError
        If the bytes are neither; its ``start`` is the first bad byte for UTF-8.

    >>> decode("净化".encode("gb18030"))
    ('净化', 'gb18030')
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(name), name
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if b"\x00" in data:
            raise
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise error from None
        if mostly_chinese(text):
            return text, "gb18030"
        raise


def mostly_chinese(text: str) -> bool:
    """Whether most letters beyond ASCII in ``text`` are common Chinese characters.

    Almost any bytes can be read as GB18030; a Chinese text read so is made of
    the characters of GB2312's first level, noise is not.
    """
    beyond = [c for c in text if c > "\x7f"]
    if not beyond:
        return False
    common = sum(_is_common(c) for c in beyond)
    return common >= 0.7 * len(beyond)


def _is_common(character: str) -> bool:
    try:
        code = character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    # Rows 1–9 hold punctuation and letters, 16–55 the 3,755 most common characters.
    return len(code) == 2 and (0xA1 <= code[0] <= 0xA9 or 0xB0 <= code[0] <= 0xD7)


def mojibake(text: str) -> tuple[int, int] | None:
    """The first passage of ``text`` that is UTF-8 read as GBK, or None.

    Such damage still consists of Chinese characters, so a counter runs on it
    and finds next to nothing. A run of Han characters is damaged if its GB18030
    bytes are valid UTF-8 for Chinese text, which undamaged text never is over
    a dozen characters. U+FFFD, the mark of lost bytes, counts as damage as well.

    >>> mojibake("净化网络环境，保护未成年人。".encode().decode("gb18030", "ignore"))
    (0, 20)
    >>> mojibake("净化网络环境，保护未成年人。")
    """
    lost = text.find("\ufffd")
    # What 。 ， 的 and 一 become after the accident, in an even and in an odd place:
    # without any of them there was none.
    suspect = any(c in text for c in "銆锛鐨涓紝殑竴")
    for match in _HAN_RUN.finditer(text) if suspect else ():
        run = match.group()
        back = run.encode("gb18030", "replace").decode("utf-8", "replace")
        good = sum("\u3000" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef" for c in back)
        if good >= 0.6 * len(back) and len(back) < 0.8 * len(run):
            return (match.start(), match.end()) if lost < 0 or match.start() < lost else (lost, lost + 1)
    return (lost, lost + 1) if lost >= 0 else None


def surrogates(text: str) -> int:
    """The offset of the first lone surrogate in ``text``, or -1."""
    match = _SURROGATE.search(text)
    return match.start() if match else -1
