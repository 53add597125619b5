from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.report_parts import PARTS, parts

OPENING = "各位代表：\n现在，我代表省人民政府作工作报告。"
LONG = "全省上下齐心协力，稳步推进各项事业，" * 5 + "成绩可喜。"


def named(text, year=None):
    """Each part with the first words of its first line."""
    return [(part, text[start:end].split("\n")[0][:14]) for start, end, part in parts(text, year)]


def report(*lines):
    return "\n".join((OPENING, *lines))


def test_a_year_looked_back_on_and_a_year_planned():
    text = report("一、2023年工作回顾", LONG, "二、2024年主要任务", LONG, "三、加强政府自身建设", LONG)
    expected = [("opening", "各位代表："), ("review", "一、2023年工作回顾"), ("plan", "二、2024年主要任务")]
    assert named(text, 2024) == named(text) == expected


def test_a_term_several_years_and_a_year():
    text = report(
        "一、过去五年工作回顾", LONG, "二、今后五年的奋斗目标", LONG, "三、2023年重点工作", LONG, "四、自身建设", LONG
    )
    assert [p for p, _ in named(text, 2023)] == ["opening", "review", "outlook", "plan"]


def test_what_follows_the_review_is_planned_whatever_it_is_called():
    text = report("一、去年工作回顾", LONG, "二、大力推进新型工业化", LONG)
    assert named(text, 2010)[-1] == ("plan", "二、大力推进新型工业化")


@pytest.mark.parametrize(
    ("heading", "year", "part"),
    [
        ("“十三五”时期的目标任务", 2016, "outlook"),
        ("“十三五”时期经济社会发展成就", 2021, "review"),
        ("“十三五”时期各项目标", 2021, "review"),
        ("第十个五年计划的指导思想和主要任务", 2001, "outlook"),
        ("努力实现“十三五”良好开局", 2016, "plan"),
        ("二〇一六年工作安排", 2016, "plan"),
        ("２０１６年的工作", 2016, "plan"),
        ("关于下届政府工作的建议", 2008, "outlook"),
        ("对今年政府工作的建议", 2008, "plan"),
    ],
)
def test_headings_are_read_with_the_report_s_year(heading, year, part):
    first = "一、工作回顾" if part != "review" else f"一、{heading}"
    second = f"二、{heading}" if part != "review" else "二、主要任务"
    found = named(report(first, LONG, second, LONG), year)
    assert (part, (second if part != "review" else first)[:14]) in found


def test_the_words_below_a_heading_that_tells_nothing():
    text = report("一、在攻坚中迈出坚实步伐", "过去的一年，" + LONG, "二、奋力开创新局面", "今年是关键之年。" + LONG)
    assert [p for p, _ in named(text, 2024)] == ["opening", "review", "plan"]


def test_one_heading_for_two_parts_is_divided_where_the_year_begins():
    text = report("一、2003年工作回顾和2004年工作总体要求", LONG, "2004年是重要一年。" + LONG, "二、提高效益", LONG)
    assert named(text, 2004)[1:] == [("review", "一、2003年工作回顾和20"), ("plan", "2004年是重要一年。全省上")]
    text = report("一、2003年工作回顾和2004年工作总体要求", LONG, "二、提高效益", LONG)
    assert named(text, 2004)[1:] == [("review", "一、2003年工作回顾和20"), ("plan", "二、提高效益")]


def test_headings_without_numbers_hold_numbered_ones():
    text = report(
        "2004年政府工作回顾", "一、农业", LONG, "二、工业", LONG, "2005年工作任务", "一、农业", LONG, "二、工业", LONG
    )
    assert named(text, 2005)[1:] == [("review", "2004年政府工作回顾"), ("plan", "2005年工作任务")]


def test_short_lines_within_a_numbered_section_change_nothing():
    lines = (
        "一、2023年工作回顾",
        "一年来的主要工作",
        LONG,
        "二、2024年主要任务",
        "三农工作",
        LONG,
        "2024年发展目标",
        LONG,
    )
    expected = [("opening", "各位代表："), ("review", "一、2023年工作回顾"), ("plan", "二、2024年主要任务")]
    assert named(report(*lines), 2024) == expected


def test_a_five_year_plan_named_within_the_plan_is_no_outlook():
    text = report("一、去年工作回顾", LONG, "二、今年重点工作", LONG, "三、落实“十四五”规划任务", LONG)
    assert [p for p, _ in named(text, 2021)] == ["opening", "review", "plan"]


def test_a_heading_that_ran_into_the_line_before():
    text = report("2004年工作回顾", LONG + "2005年工作安排今年是重要一年。" + LONG)
    start = parts(text, 2005)[-1][0]
    assert text[start:].startswith("2005年工作安排")
    assert [p for p, _ in named(text, 2005)] == ["opening", "review", "plan"]


def test_glossaries_and_annexes_are_an_appendix():
    text = report("一、去年工作回顾", LONG, "二、今年工作安排", LONG, "附：名词解释", "净网：清理网络环境。")
    assert named(text, 2020)[-1] == ("appendix", "附：名词解释")
    assert [p for p, _ in named(OPENING + LONG * 3 + "\n名词解释\n净网。")] == ["whole", "appendix"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "净化网络环境。",
        report("一、关于工业", LONG, "二、关于农业", LONG),
        report("一、今年的主要任务", LONG, "二、农业", LONG),
        report("一、去年工作回顾", LONG),
        report("一、农业成绩取得进展", LONG, "二、工业", LONG, "一、搞好农业", LONG, "二、搞好工业", LONG),
    ],
)
def test_without_both_sides_the_parts_are_not_known(text):
    assert [p for _, _, p in parts(text, 2020)] == (["whole"] if text else [])


WORDS = [
    "一、",
    "二、",
    "三、",
    "2019年",
    "2020年",
    "工作回顾",
    "主要任务",
    "今后五年",
    "“十四五”",
    "今年是",
    "。",
    "\n",
    "\n",
    "附件",
    LONG,
]


@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join), st.sampled_from([None, 2020]))
def test_parts_cover_the_text_in_order(text, year):
    found = parts(text, year)
    assert "".join(text[start:end] for start, end, _ in found) == text
    assert all(end > start for start, end, _ in found)
    assert all(a[2] != b[2] for a, b in pairwise(found))
    assert {p for _, _, p in found} <= set(PARTS)
