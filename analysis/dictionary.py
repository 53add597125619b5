"""User words for jieba: read, checked, sorted."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping

from analysis.encoding import surrogates
from analysis.errors import Fault, InputError, raise_faults, shown, warn
from analysis.files import resolve
from analysis.segmenters.jieba_reference import APPLIES

__all__ = ["read_dictionary"]

#: Frequencies of jieba's own words lie below a million; more than this only overflows.
_MOST = 1_000_000_000


def read_dictionary(dictionary: str | os.PathLike[str] | Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """User words with their frequencies, sorted.

    A file holds one word a line, with its frequency after white space; ``#``
    begins a comment. Every frequency is explicit: without one jieba works out
    its own, and the result depends on the order in which words are added.
    Words are normalised to NFC, as texts are. A word that jieba can never cut,
    because it holds a sign outside jieba's class of Chinese characters, ASCII
    letters, digits and ``+#&._%-``, is kept and warned of.

    Raises
    ------
    InputError
        Naming each line without a frequency, with a frequency that is not a
        whole number of 1 to 1,000,000,000, with white space in the word, with
        a word that is no text, or with one that stands twice.

    >>> read_dictionary({"净网": 100})
    (('净网', 100),)
    """
    faults: list[Fault] = []
    entries: dict[str, int] = {}
    rows: list[tuple[str, str, str]] = []
    if isinstance(dictionary, Mapping):
        for given, number in dictionary.items():
            if isinstance(given, str) and surrogates(given) < 0:
                rows.append((f"dictionary, {given!r}", given, str(number)))
            else:
                faults.append(Fault("dictionary", "word", shown(given), "Unicode text"))
    else:
        path = resolve(dictionary, "corpus/dictionaries", endings=(".txt", ""))
        if not path.is_file():
            raise InputError("dictionary", [Fault(str(path), "", "a folder", "a file of words with frequencies")])
        try:
            lines = path.read_bytes().decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise InputError(
                f"dictionary {path}", [Fault(str(path), f"byte {error.start}", "bytes that are not UTF-8", "UTF-8")]
            ) from None
        for number, line in enumerate(lines, start=1):
            content = line.partition("#")[0].split()
            if content:
                rows.append((f"{path}, line {number}", content[0], " ".join(content[1:])))
    for where, written, frequency in rows:
        word = unicodedata.normalize("NFC", written)
        if not word or any(c.isspace() for c in word):
            faults.append(Fault(where, "word", shown(word), "a word without white space"))
        elif not re.fullmatch("0*[1-9][0-9]{0,9}", frequency) or int(frequency.lstrip("0")) > _MOST:
            faults.append(
                Fault(
                    where,
                    f"frequency of {word}",
                    shown(frequency) if frequency else "none",
                    f"a whole number of 1 to {_MOST:,} after the word",
                )
            )
        elif word in entries:
            faults.append(Fault(where, "word", f"{word!r} a second time", "each word once"))
        else:
            entries[word] = int(frequency.lstrip("0"))
    raise_faults("dictionary", faults)
    never = [word for word in entries if not APPLIES.fullmatch(word)]
    if never:
        warn(
            f"jieba can never cut {', '.join(never[:10])}{' …' if len(never) > 10 else ''}: a user word takes effect "
            "only if it is made of Chinese characters, ASCII letters, digits and +#&._%- alone."
        )
    return tuple(sorted(entries.items()))
