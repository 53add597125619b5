"""The parts of an annual report: what it looks back on, what it plans, and what stands around both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["PARTS", "parts"]

#: In the order in which a report has them. ``whole`` is a text whose parts are not known.
PARTS = ("opening", "review", "outlook", "plan", "appendix", "whole")

_NUMERALS = "一二三四五六七八九十"
_NUMBERED = re.compile(rf"第?([{_NUMERALS}]{{1,3}})(?:、|部分)")
_LISTED = re.compile(rf"[（(—]|[{_NUMERALS}\d]+[）).．、是]|第[{_NUMERALS}\d]+[，、]")
_LONGEST = 60  # characters of a heading; a longer line begins with one at most
_SHORT = 30  # characters of a heading without a number, and of a long line's first words
_TITLE_END = re.compile(
    "(?:回顾|总结|情况|成就|任务|安排|部署|要求|目标|重点|思路|方针|建议|意见|打算|工作|发展|开局|好步|好头)$"
)
#: A heading that lost its line: the last sentence of what is looked back on runs on into it.
_RUN_ON = (
    rf"(?<=[。！])(?:[{_NUMERALS}]、)?(?:关于)?(?:{{ahead}}).{{{{0,14}}}}?"
    r"(?:工作|任务|安排|要求|目标|部署|建议|回顾)(?=$|今年|各位|过去|“|根据|按照|{now})"
)

_REVIEW = (
    r"回顾|回望|总结|成就|估[计价]|(?:执行|完成|实施|工作|进展)情况|去年|过去|[一两三四五几]年来|[上本前]届|第[^ ，]{1,4}届.{0,6}政府(?!.*建议)"
    r"|取得.{0,14}(?:成绩|进展|成效|胜利|突破)|新成绩|的[一两三四五]年$|全面完成|胜利完成|圆满"
)
_OUTLOOK = r"(?:今后|未来)[三五十几\d]+[一五到]*\d*年|(?:下|新)一?届.{0,4}政府|第.{1,2}届.{0,6}政府.{0,4}工作.{0,2}建议|远景|(?:规划|计划)(?:纲要|要点)"
_PLAN_WORDS = r"任务|安排|部署|要求|目标|重点|打算|意见|做好.{0,20}工作|工作思路"
_BEGINS = r"开好?局|起好步|开好?头|开端|第一年"
_FIVE_YEARS = re.compile(
    '(?:[“"]?([六七八九]|十[一二三四五]?)[”"]?五|第([六七八九]|十[一二三四五]?)个五年)(?=[”"一-鿿])'
)
_APPENDIX = re.compile(
    rf"附(?:件[{_NUMERALS}\d]*|页|注|表|录)?(?:[：:].{{0,40}})?|.{{0,24}}(?:名词|词语|术语|用语|缩略语).{{0,12}}|注释[：:]?"
    r"|.{0,12}修改(?:\d+处|情况的说明)"
)


@dataclass(frozen=True)
class _Head:
    """A heading: where it starts, its words, its number (0 without one) and the line below it."""

    start: int
    words: str
    number: int
    below: str


def parts(text: str, year: int | None = None) -> list[tuple[int, int, str]]:
    r"""Stretches ``(start, end, part)`` that cover an annual report's ``text`` from its first to its last character.

    ``part`` is ``opening`` (salutation and first words), ``review`` (the year, or
    the term, looked back on), ``outlook`` (several years ahead), ``plan`` (the
    report's own year, and all that follows to the last words), ``appendix``
    (glossaries and annexes after them) or, where no headings tell a look back
    from what is ahead, ``whole``.

    Headings decide: lines that begin with a Chinese number and 、, and short lines
    that end as titles do. Their words are read with the report's ``year``, which
    tells what is past (2023年 and the 十三五 in a report of 2024) from what is
    planned; without it, the year after the first one looked back on is taken. A
    numbered heading that tells nothing goes by the words below it (2011年…,
    今年是…), and after the section of the review it begins the plan: what is not
    looked back on is to be done. Where one heading announces two parts
    (2003年工作回顾和2004年工作总体要求), the second begins at the first paragraph below
    that opens with its year; if there is none, the section stays with the first.

    >>> text = "各位代表：\n一、2023年工作回顾\n成绩不小。\n二、2024年主要任务\n今年是关键之年。"
    >>> [(part, text[start:end].split("\n")[0]) for start, end, part in parts(text, 2024)]
    [('opening', '各位代表：'), ('review', '一、2023年工作回顾'), ('plan', '二、2024年主要任务')]
    """
    lines = list(_lines(text))
    end = next((start for start, line in lines if start > len(text) / 2 and _APPENDIX.fullmatch(line)), len(text))
    lines = [(start, line) for start, line in lines if start < end]
    year = year or _year(lines)
    marks = _marks(list(_heads(lines, year)), lines, year)
    found = {part for _, part in marks}
    if "review" not in found or not found & {"outlook", "plan"}:
        marks = [(0, "whole")]
    elif marks[0][0] > 0:
        marks.insert(0, (0, "opening"))
    if end < len(text):
        marks.append((end, "appendix"))
    joined = [mark for i, mark in enumerate(marks) if i == 0 or mark[1] != marks[i - 1][1]]
    ends = [start for start, _ in joined[1:]] + [len(text)]
    return [(start, stop, part) for (start, part), stop in zip(joined, ends, strict=True) if stop > start]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1


def _year(lines: list[tuple[int, str]]) -> int | None:
    """The year after the first one whose work a short line looks back on."""
    found = (re.search(r"((?:19|20)\d\d)年.{0,10}回顾", line) for _, line in lines if len(line) <= _LONGEST)
    return next((int(match[1]) + 1 for match in found if match), None)


def _written(year: int | None) -> str:
    """A pattern for ``year`` in figures or numerals; one that matches nothing without a year."""
    if year is None:
        return "(?!)"
    numerals = "".join("[〇○零]" if d == "0" else _NUMERALS[int(d) - 1] for d in str(year))
    figures = "".join(f"[{d}{chr(0xFF10 + int(d))}]" for d in str(year))
    return f"(?:{figures}|{numerals})年"


def _heads(lines: list[tuple[int, str]], year: int | None) -> Iterator[_Head]:
    now = _written(year)
    run_on = re.compile(_RUN_ON.format(ahead=f"今年|{now}|今后.年|下届", now=now))
    for place, (start, line) in enumerate(lines):
        below = next((other for _, other in lines[place + 1 :] if other), "")
        numbered = _NUMBERED.match(line)
        if numbered and len(line) <= _LONGEST and not re.search("[；;，]$", line):
            yield _Head(start, line[numbered.end() :].rstrip("。：:"), _number(numbered[1]), below)
        elif numbered and len(line) > _LONGEST:
            words = line[numbered.end() :]
            yield _Head(start, re.split("[。，]", words)[0][:_SHORT], _number(numbered[1]), words)
        elif len(line) <= _SHORT and "。" not in line and _TITLE_END.search(line) and not _LISTED.match(line):
            yield _Head(start, line, 0, below)
        for match in run_on.finditer(line) if len(line) > _SHORT else ():
            number = _NUMBERED.match(match[0])
            yield _Head(start + match.start(), match[0], _number(number[1]) if number else 0, below)


def _number(numeral: str) -> int:
    tens, ten, ones = numeral.rpartition("十")
    digit = _NUMERALS.find(ones) + 1 if ones else 0
    return digit if not ten else 10 * (_NUMERALS.find(tens) + 1 if tens else 1) + digit


def _five_years(words: str, year: int | None) -> Iterator[tuple[int, str]]:
    """Where ``words`` name a five-year plan, and whether it is past (review) or begins this year or later (outlook)."""
    if year is None:
        return
    for match in _FIVE_YEARS.finditer(words):
        first = 1951 + 5 * _number(match[1] or match[2])
        if first + 4 < year:
            yield match.start(), "review"
        elif first >= year:
            yield match.start(), "outlook"


def _kinds(head: _Head, year: int | None, before: str) -> list[str]:
    """What ``head`` announces, in the order in which reports take it up; ``before`` is the part that holds so far."""
    last, now = _written(year - 1 if year else None), _written(year)
    patterns = {"review": f"{_REVIEW}|{last}", "outlook": _OUTLOOK, "plan": f"今年|新的?一年|{now}"}
    found = {part for part, pattern in patterns.items() if re.search(pattern, head.words)}
    found |= {part for _, part in _five_years(head.words, year)}
    if not before and "良好开局" in head.words:
        found.add("review")
    if not before and head.number > 1 and not _strong(head.words, year):
        found.discard("review")
    if "outlook" in found and re.search(_BEGINS, head.words):  # to begin a plan well is work of its first year
        found = found - {"outlook"} | {"plan"}
    if before in ("outlook", "plan") and not re.search(f"回顾|总结|{last}", head.words):
        found.discard("review")  # 取得新成绩 may well be a task
    if before == "plan" and not re.search(_OUTLOOK, head.words):
        found.discard("outlook")
    if head.number and not _strong(head.words, year):
        if (
            re.match(rf"(?:刚刚)?过去的?|{last}|去年|[一五]年来|本届政府", head.below)
            and not before
            and head.number == 1
        ):
            return ["review"]
        if re.match(rf"今年是|{now}是|新的?一年", head.below) and before:
            return ["plan"]
    if not found and before and re.search(_PLAN_WORDS, head.words):
        found.add("plan")
    return [part for part in PARTS if part in found]


def _strong(words: str, year: int | None) -> bool:
    """Whether ``words`` leave no doubt about the time they are about."""
    pattern = f"回顾|总结|{_written(year - 1 if year else None)}|{_written(year)}|今年|今后|未来"
    return re.search(pattern, words) is not None


def _marks(heads: list[_Head], lines: list[tuple[int, str]], year: int | None) -> list[tuple[int, str]]:
    """Where each part begins, in the order of the text; nothing if no heading says for sure what time it is about."""
    marks: list[tuple[int, str]] = []
    part, level, number, sure = "", 0, 0, False  # of the section that holds: its level is 0 without a number, else 1
    for place, head in enumerate(heads):
        this = min(head.number, 1)
        if part and this > level:
            continue  # 一、二、三、 below a heading without a number
        kinds = _kinds(head, year, part)
        if level and not this and (not kinds or kinds[0] == part or not _strong(head.words, year)):
            continue  # a line within a numbered section
        if this and part and head.number != number + 1 and not (head.number > number and kinds):
            continue  # an enumeration within a section
        sure |= bool(kinds) and (part != "" or _strong(head.words, year))
        # 取得新成绩, or 过去的一年 below it, will do where 一 comes but once: else it heads a list, not a section.
        if (
            kinds
            and not part
            and (re.search(f"{_REVIEW}|良好开局", head.words) or re.match("(?:刚刚)?过去", head.below))
        ):
            sure |= not any(h.number == 1 and len(h.below) > _LONGEST for h in heads[place + 1 :])
        if this and not kinds and part == "review":
            kinds = ["plan"]
        number = head.number if this else number
        if not kinds:
            continue
        level, part = this, kinds[0]
        marks.append((head.start, part))
        stop = next((h.start for h in heads[place + 1 :] if h.number == head.number + 1 or not h.number), None)
        for kind in kinds[1:]:
            turn = _turn(lines, head.start, stop, kind, year)
            if turn is not None:
                part = kind
                marks.append((turn, part))
    return marks if sure else []


def _turn(lines: list[tuple[int, str]], start: int, stop: int | None, part: str, year: int | None) -> int | None:
    """Where, after the line at ``start`` and before ``stop``, a section turns to ``part``."""
    for place, line in lines:
        if place > start and (stop is None or place < stop):
            if part == "plan" and re.match(
                rf"(?:各位代表[！，：、])?.{{0,6}}(?:今年|{_written(year)}|新的?一年)(?!以来|初)", line
            ):
                return place
            if part == "outlook" and (
                re.match("(?:各位代表[！，：、])?.{0,8}(?:今后|未来|展望)", line)
                or "outlook" in {kind for _, kind in _five_years(line[:20], year)}
            ):
                return place
    return None
