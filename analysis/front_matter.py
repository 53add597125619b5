"""Front matter: the fields of a statement above its text, in YAML that is only text."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

from analysis.corpus import REQUIRED
from analysis.selection import canonical_value

__all__ = ["split_front_matter", "with_front_matter"]


class _TextLoader(yaml.SafeLoader):
    """Safe YAML in which every value is the text that was written.

    A date stays as exact as it was typed ("2021" is not January), and every tag
    that would make anything but a text is refused.
    """

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - as in PyYAML
    yaml_constructors = {  # noqa: RUF012
        tag: make
        for tag, make in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.endswith((":str", ":seq", ":map"))
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [k.value for k, _ in node.value]
        twice = sorted({str(k) for k in keys if keys.count(k) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"field {', '.join(twice)} stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """The fields between the two ``---`` lines at the top, and the text below.

    Raises ``ValueError`` saying what is wrong, if the front matter is not closed,
    is not YAML, carries tags or holds anything but one text for each field.

    >>> split_front_matter("---\\nid: a\\ndate: 2021\\n---\\n净化。")
    ({'id': 'a', 'date': '2021'}, '净化。')
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        raise ValueError("no front matter: the first line is not ---")
    try:
        end = next(i for i in range(1, len(lines)) if lines[i].rstrip() == "---")
    except StopIteration:
        raise ValueError("front matter that is not closed by a line ---") from None
    try:
        fields = yaml.load("\n".join(lines[1:end]), Loader=_TextLoader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ValueError("front matter that is not plain YAML: " + " ".join(str(error).split())[:200]) from None
    if fields is None or fields == "":
        fields = {}
    if not isinstance(fields, dict):
        raise ValueError("front matter that is not a list of `field: value` lines")
    wrong = [str(k) for k, v in fields.items() if not isinstance(k, str) or not isinstance(v, str)]
    if wrong:
        raise ValueError(f"front matter whose field {', '.join(wrong[:3])} is not one text")
    return fields, "\n".join(lines[end + 1 :]).strip("\n")


class _TextDumper(yaml.SafeDumper):
    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - as in PyYAML

    def represent_str(self, data: str) -> yaml.ScalarNode:
        # Line ends other than \n would be read as spaces if they were not escaped.
        style = '"' if any(c in data for c in "\x85\u2028\u2029") else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_TextDumper.add_representer(str, _TextDumper.represent_str)


def with_front_matter(row: dict[str, Any]) -> str:
    """``row`` as a file: its fields in front matter, its text below (above, where it would not survive below)."""
    fields = {k: canonical_value(v) for k, v in row.items() if k != "text" and (canonical_value(v) or k in REQUIRED)}
    text = row["text"]
    if text != text.strip("\n") or "\r" in text:
        # Below the front matter, blank lines around the text and the kind of line end do not survive.
        fields["text"] = text
    head = yaml.dump(fields, Dumper=_TextDumper, allow_unicode=True, sort_keys=False, width=10**9, default_style=None)
    return f"---\n{head}---\n" if "text" in fields else f"---\n{head}---\n{text}\n"
