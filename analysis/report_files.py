"""One file of a collection of reports: Markdown to its text and what stands above and after it."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from analysis.dates import find_date
from analysis.errors import shown
from analysis.front_matter import split_front_matter

__all__ = ["read_report"]

_HAN = "\u3400-\u9fff\U00020000-\U0003ffff"
_NUMERAL = "[\\d〇○零一二三四五六七八九十]"


def read_report(content: str, year: int) -> dict[str, Any]:
    """The text of a report in Markdown, and what the file says about it.

    ``text``, ``title`` (its own, else 政府工作报告), ``date`` (YYYY-MM-DD or
    YYYY-MM; empty if no day or month is named) and ``date_from`` (text, title,
    caption or year), ``speaker`` (may be empty), ``url`` (several are parted by
    spaces) and ``abridged`` (whether the file says that the text is). ``year``
    is the report's, for captions that name a day without one.

    **Text.** It begins with the salutation: title, session, date and speaker
    above it are metadata and stay out, as do notes after the last line (where
    it was printed, that it was cut, who signed) and a list of contents, which
    would count every heading twice. Headings stay, as lines of their own, and
    so do glossaries and annexes. Removed are front matter, comments (captions
    of pictures), rules, footnotes of the edition, and the marks of headings,
    emphasis, quotations and lists; entities are resolved. White space beside a
    Chinese character or mark is removed, since scanned line ends left it inside
    words (净 化 would never be found), and is one space elsewhere. Paragraphs
    are lines. All other characters stay as they are, in NFC: full-width figures
    are not folded, so that a quotation is what the page says.

    Raises ``ValueError`` where there is no text, or mark-up that is not known here.

    >>> report = read_report("---\\ntitle: 报告\\n---\\n——2024年1月8日在省人大会议上\\n\\n省长 云某\\n\\n各位代表：\\n\\n**净 化**环境。", 2024)
    >>> report["text"], report["date"], report["speaker"]
    ('各位代表：\\n净化环境。', '2024-01-08', '云某')
    """
    fields, body = _front(unicodedata.normalize("NFC", content))
    lead, text, notes = _split(body)
    left = _MARKUP.search(text)
    if left or not text:
        raise ValueError(f"mark-up: {shown(text[left.start() :][:20])}" if left else "no text")
    title = fields.get("title", "")
    # A caption of the day says "1月16日": it is of the report's year.
    dated = [re.sub(r"^(?=\d{1,2}月)", f"{year}年", note) for note in notes if "作" in note]
    date, date_from = next(
        ((d, f) for lines, f in ((lead, "text"), ([title], "title"), (dated, "caption")) if (d := _date(lines))),
        ("", "year"),
    )
    return {
        "text": text,
        "title": _title([*lead, title] if "关于" in title else lead) or "政府工作报告",
        "date": date,
        "date_from": date_from,
        "speaker": _speaker([*lead, title, *notes]),
        "url": fields.get("source", ""),
        "abridged": any(_ABRIDGED.search(line) for line in (*lead, *notes)),
    }


def _front(content: str) -> tuple[dict[str, str], str]:
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    if not content.startswith("---\n"):
        return {}, content
    head, rule, body = content[4:].partition("\n---\n")
    # Several addresses are a list; here they are one field, parted by spaces.
    head = re.sub(r"(?<=^source:)(?:\n- \S+)+$", lambda m: m[0].replace("\n- ", " "), head, flags=re.M)
    return split_front_matter(f"---\n{head}{rule}{body}")


# ------------------------------------------------------------------- mark-up to text

_COMMENT = re.compile(r"<!--(.*?)-->", re.S)
_FOOTNOTE = re.compile(r"^\[\^\w+\]:.*(?:\n[ \t]+\S.*)*|\[\^\w+\]", re.M)
_RULE = re.compile(r"\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:=\s*){3,})")
_LINE_MARK = re.compile(r"^(?:#{1,6}\s+|>\s?|[-+*]\s+)+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CHINESE_SPACE = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")
#: Mark-up that no cleaned text may hold: what this cleaning does not know is refused, not counted.
_MARKUP = re.compile(r"<!--|-->|</?[a-zA-Z]|&(?:\w+|#\d+);|\*|\]\(|!\[|\[\^|^(?:#|>|\||---|- )", re.M)
_SALUTATION = re.compile(r"[各名]位(?:代表|委员|同志)|同志们")
_ABOUT = re.compile(r"会议|报告|[省市]长|主席|总理|主任|国务委员|\d月\d+日|^（[^（）]*）$")
_AFTER = re.compile(
    r"[（(].{0,30}(?:新华社|《人民日报》|删减|通过).{0,30}[）)]|来源：.{1,20}|(?:省长|市长|主席)[：:]?[一-鿿·]{2,12}"
)  # a line after the last words: where it was printed, that it was cut, who signed
_ABRIDGED = re.compile("删减|摘要|本书从略")


def _split(body: str) -> tuple[list[str], str, list[str]]:
    """Lines above the text, the text, and what is said about it in comments, footnotes and after its end."""
    captions = [" ".join(c.replace("*", " ").split()) for c in _COMMENT.findall(body)]
    plain = _FOOTNOTE.sub("", _COMMENT.sub("\n", body))
    while (unescaped := html.unescape(plain)) != plain:
        plain = unescaped
    lines = [
        " ".join(_LINE_MARK.sub("", line.strip()).replace("*", "").split())
        for line in _INVISIBLE.sub("", plain).split("\n")
        if not _RULE.fullmatch(line)
    ]
    lines = [line for line in lines if line]
    start = _start(lines)
    text = [_CHINESE_SPACE.sub("", line) for line in lines[start:]]
    notes = [*captions, *(f.strip() for f in _FOOTNOTE.findall(body))]
    while text and _AFTER.fullmatch(text[-1]):
        notes.append(text.pop())
    return lines[:start], "\n".join(text), notes


def _start(lines: list[str]) -> int:
    """Where the text begins: at its salutation or, without one, after the lines that are about the report."""
    for number, line in enumerate(lines):
        if _SALUTATION.match(line):
            return number
        if len(line) > 120:
            break
    number = 0
    while number < len(lines) and len(lines[number]) <= 80 and _ABOUT.search(lines[number]):
        number += 1
    return number


# ------------------------------------------------------------ lines above the text

_NAME = rf"(?P<name>[{_HAN}]+(?:·[{_HAN}]+)+|[{_HAN}](?: ?[{_HAN}]){{1,4}}?)"
_OFFICE = "(?:省 ?长|市 ?长|主 ?席|总理|主任|部长|国务委员)"
_SPEAKER = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_OFFICE}[: ]*{_NAME} ?(?=$|[()\d]|在|同志|代表|向|作)",
        rf"^{_NAME}代?{_OFFICE} ?在",
        rf"[日上] ?{_NAME} ?\)$",
        rf"^{_NAME}$",
        rf"(?:^|图为|[:,。上]){_NAME}(?:同志)?(?:在[^,。]*)?(?:代表[^,。]*,?)?(?:向大会)?作《?(?:政府工作报告|“)",
    )
)
_PIECE = re.compile(rf"(?=[—─―－-]{{2}})|(?=[（(]{_NUMERAL}{{4}}年)")
_PLAIN_TITLE = re.compile(
    rf"(?:{_NUMERAL}{{4}}年)?[{_HAN} ]{{0,12}}(?:{_NUMERAL}{{4}}年)?工 *作 *报 *告(?:[（(]摘要[）)])?"
)
_NO_TITLE = re.compile(rf"{_OFFICE}|会议|代表大会|记者|原标题|全文。|{_NUMERAL}{{4}}年{_NUMERAL}{{1,3}}月")


def _pieces(lines: Iterable[str]) -> list[str]:
    """Lines, each cut where a title goes over into a session or a date."""
    pieces = (p.strip("—─―－- 《》") for line in lines for p in _PIECE.split(line))
    return [p for p in pieces if p]


def _date(lines: Iterable[str]) -> str:
    """The first date in ``lines`` that names a day, else the first that names a month, else nothing."""
    folded = (unicodedata.normalize("NFKC", p) for p in _pieces(lines))
    # 二0一四年 holds a figure among the numerals.
    found = [find_date(re.sub(r"(?<=[〇零一二三四五六七八九])0", "〇", p), search=True) for p in folded]
    return next((d for d in found if len(d) == 10), next((d for d in found if len(d) == 7), ""))


def _speaker(lines: Iterable[str]) -> str:
    """Who spoke, from an office and a name, a name alone or a caption; nothing if none of these is there."""
    for piece in _pieces(lines):
        for pattern in _SPEAKER:
            match = pattern.search(unicodedata.normalize("NFKC", piece))
            if match:
                return match["name"].replace(" ", "")
    return ""


def _title(lines: Iterable[str]) -> str:
    """The report's own title, where it says more than that it is a work report."""
    own: list[str] = []
    for piece in _pieces(lines):
        if piece == "目录":
            break
        if not (_NO_TITLE.search(piece) or _speaker([piece]) or _PLAIN_TITLE.fullmatch(piece)):
            own.append(piece)
    return " ".join(dict.fromkeys(own))
