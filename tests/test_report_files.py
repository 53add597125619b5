import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.report_files import read_report

LEAD = "**政府工作报告**\n——2024年1月8日在云泽省第九届人民代表大会第二次会议上\n\n**云泽省省长 云 某**\n\n"
BODY = "各位代表：\n\n净化网络环境。"


def test_the_text_begins_with_the_salutation():
    report = read_report(f"---\nsource: https://example.org/1\ntitle: 云泽省政府工作报告\n---\n\n{LEAD}{BODY}\n", 2024)
    assert report == {
        "text": "各位代表：\n净化网络环境。",
        "title": "政府工作报告",
        "date": "2024-01-08",
        "date_from": "text",
        "speaker": "云某",
        "url": "https://example.org/1",
        "abridged": False,
    }


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("## 一、回顾", "一、回顾"),
        ("**一、回顾**", "一、回顾"),
        ("***重点**工作", "重点工作"),
        ("> 〔注〕按价格计算。", "〔注〕按价格计算。"),
        ("- 增加一处", "增加一处"),
        ("18. 水资源：红线。", "18.水资源：红线。"),
        ("---\n\n附件", "附件"),
        ("* * *\n\n附件", "附件"),
        ("净 化　网\u00a0络", "净化网络"),
        ("净\u200b化\ufeff", "净化"),
        ("建设 5G 网络", "建设5G网络"),
        ("GDP growth 和 APEC", "GDP growth和APEC"),
        ("2016 - 2020年", "2016 - 2020年"),
        ("提高1- 2个百分点", "提高1- 2个百分点"),
        ("“互联网+ 政务”", "“互联网+政务”"),
        ("落实&ldquo;双减&amp;rdquo;政策", "落实“双减”政策"),
        ("图<!-- 省长作报告。摄影某 -->文", "图\n文"),
        ("报告[^1]。\n\n[^1]: 刊印\n    时从略。", "报告。"),
        ("２０２４年，增长５％", "２０２４年，增长５％"),
        ("e\u0301", "é"),
        ("第一段。\r\n\r\n第二段。", "第一段。\n第二段。"),
    ],
)
def test_marks_go_and_words_stay(markdown, text):
    assert read_report(f"各位代表：\n\n{markdown}", 2024)["text"] == f"各位代表：\n{text}"


@pytest.mark.parametrize(
    "markdown", ["见[网页](https://example.org)", "![图](a.png)", "| 甲 | 乙 |", "甲<br>乙", "&unknown;", "甲<!-- 未完"]
)
def test_mark_up_that_is_not_known_is_refused(markdown):
    with pytest.raises(ValueError, match="mark-up"):
        read_report(f"各位代表：\n\n{markdown}", 2024)


@pytest.mark.parametrize("content", ["", "---\ntitle: 报告\n---\n", LEAD, "<!-- 图 -->"])
def test_a_file_without_a_text_is_refused(content):
    with pytest.raises(ValueError, match="no text"):
        read_report(content, 2024)


def test_front_matter_that_is_not_closed_is_refused():
    with pytest.raises(ValueError, match="front matter"):
        read_report("---\ntitle: 报告\n\n各位代表：", 2024)


def test_several_addresses_are_one_field():
    report = read_report(
        f"---\nsource:\n- https://example.org/1\n- https://example.org/2\ntitle: 报告\n---\n{BODY}", 2024
    )
    assert report["url"] == "https://example.org/1 https://example.org/2"


@pytest.mark.parametrize(
    ("lead", "date", "speaker"),
    [
        ("（2024年1月8日 云某）", "2024-01-08", "云某"),
        ("——二〇二四年一月八日在云泽省人大会议上\n\n代省长：云 某 某", "2024-01-08", "云某某"),
        ("——二0二四年一月八日在会议上\n\n自治区主席云某·泽某某", "2024-01-08", "云某·泽某某"),
        ("政府工作报告（2024年1月8日在云泽省人大会议上 省长 云某）", "2024-01-08", "云某"),
        ("政府工作报告（２０２４年１月８日在云泽省人大会议上 云某）", "2024-01-08", "云某"),
        ("在云泽省人大会议上\n\n省长 云某（2024年1月8日）", "2024-01-08", "云某"),
        ("——2024年1月在云泽省人大会议上\n\n云某某", "2024-01", "云某某"),
        ("2024年1月7日至8日在会议上\n\n省人民政府省长", "2024-01-07", ""),
        ("财政部长 云某  2024年1月8日", "2024-01-08", "云某"),
        ("政府工作报告", "", ""),
    ],
)
def test_date_and_speaker_above_the_text(lead, date, speaker):
    report = read_report(f"{lead}\n\n{BODY}", 2024)
    assert (report["date"], report["speaker"]) == (date, speaker)
    assert report["date_from"] == ("text" if date else "year")


def test_titles_and_captions_are_read_where_the_lines_above_say_nothing():
    report = read_report(f"---\ntitle: 云泽省政府工作报告 （2024年1月8日 云某）\n---\n{BODY}", 2024)
    assert (report["date"], report["date_from"], report["speaker"]) == ("2024-01-08", "title", "云某")
    report = read_report(f"<!-- 1月8日，省长云某在大会上作政府工作报告。 -->\n\n{BODY}", 2024)
    assert (report["date"], report["date_from"], report["speaker"]) == ("2024-01-08", "caption", "云某")
    report = read_report(f"---\ntitle: 云某市长在云泽市会议上的政府工作报告（2024年）\n---\n{BODY}", 2024)
    assert (report["date"], report["date_from"], report["speaker"]) == ("", "year", "云某")


@pytest.mark.parametrize(
    ("lead", "title"),
    [
        ("**2024年云泽省政府工作报告**", "政府工作报告"),
        ("政  府  工  作  报  告", "政府工作报告"),
        ("《政府工作报告》", "政府工作报告"),
        ("关于云泽省第十个五年计划纲要的报告", "关于云泽省第十个五年计划纲要的报告"),
        (
            "**团结奋进 务实创新**\n**为计划而奋斗**\n——2024年1月8日在云泽省会议上的报告",
            "团结奋进 务实创新 为计划而奋斗",
        ),
        ("原标题：政府工作报告\n省长 云某", "政府工作报告"),
        ("关于五年计划的报告\n\n**目录**\n- 一、任务\n    - （一）工业", "关于五年计划的报告"),
    ],
)
def test_the_title_is_the_report_s_own(lead, title):
    report = read_report(f"{lead}\n\n{BODY}", 2024)
    assert (report["title"], report["text"]) == (title, "各位代表：\n净化网络环境。")


@pytest.mark.parametrize(
    ("after", "abridged"),
    [("（本文有删减）", True), ("（新华社北京2024年3月13日电）", False), ("来源：云泽日报", False)],
)
def test_notes_after_the_last_words_are_no_text(after, abridged):
    report = read_report(f"{BODY}\n\n{after}\n", 2024)
    assert (report["text"], report["abridged"]) == ("各位代表：\n净化网络环境。", abridged)


def test_who_signed_is_the_speaker():
    report = read_report(f"{BODY}\n\n省长云某\n", 2024)
    assert (report["text"], report["speaker"]) == ("各位代表：\n净化网络环境。", "云某")


def test_a_text_without_a_salutation_begins_after_what_is_about_it():
    report = read_report(
        f"——2024年1月8日在云泽省会议上\n\n省长 云某\n\n{'五年来，' * 40}成绩可喜。\n\n各位代表，谢谢。", 2024
    )
    assert report["text"].startswith("五年来")
    assert report["date"] == "2024-01-08"


@given(st.text(st.sampled_from("净化网络 \u3000\n*>#-+0aA，。“·\u200b"), max_size=60))
def test_text_is_clean_and_no_word_is_lost(markdown):
    content = f"各位代表：\n\n正文{markdown}"
    try:
        text = read_report(content, 2024)["text"]
    except ValueError:
        return
    kept = set("净化网络0aA，。“·正文各位代表：")
    assert [c for c in text if c in kept] == [c for c in content if c in kept]
    assert unicodedata.is_normalized("NFC", text)
    assert not any(line != line.strip() or not line for line in text.split("\n"))
    assert "*" not in text
    assert "\u200b" not in text
