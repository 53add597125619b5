"""What the shipped lexicon decides, on sentences constructed for each decision."""

import pandas as pd
import pytest

from analysis.corpus import Corpus
from analysis.lexicon import read_lexicon
from analysis.search import find


@pytest.fixture(scope="module")
def lexicon():
    return read_lexicon("frames")


def read(lexicon, sentence, frames=("purification", "minors", "anniversary")):
    table = pd.DataFrame({"id": ["a"], "date": ["2020"], "language": ["zh"], "text": [sentence]})
    hits = find(Corpus(table), lexicon, frames=frames)
    return [(f, t) for f, t in zip(hits["frame"].astype(str), hits["text"], strict=True)]


@pytest.mark.parametrize(
    ("sentence", "frame", "words"),
    [
        # whose cleanliness: the object decides, and the longest object
        ("开展“清朗”系列专项整治。", "purification.network", "清朗”系列专项"),
        ("净化城乡荧屏、网络空间。", "purification.network", "净化城乡荧屏、网络空间"),
        ("营造清朗的网络空间。", "purification.network", "清朗的网络空间"),
        ("净化文化出版市场。", "purification.culture", "净化文化出版市场"),
        ("出版物市场进一步净化。", "purification.culture", "出版物市场进一步净化"),
        ("社会文化环境不断净化。", "purification.culture", "社会文化环境不断净化"),
        ("净化孩子们成长的社会文化环境。", "purification.culture", "净化孩子们成长的社会文化环境"),
        ("深入开展“扫黄”、“打非”。", "purification.culture", "扫黄”、“打非"),
        ("开展扫黄禁赌行动。", "purification.society", "扫黄禁赌"),
        ("净化校园及周边环境。", "purification.society", "净化校园"),
        ("净化小镇青年成长的环境。", "purification.society", "净化小镇青年成长"),
        ("净化旅游市场。", "purification.market", "净化旅游市场"),
        ("优化营商环境、净化政治生态。", "purification.politics", "净化政治生态"),
        ("政府清廉、政治清明、社会清朗。", "purification.politics", "清明、社会清朗"),
        ("增强自我净化能力。", "purification.politics", "自我净化"),
        # minors
        ("保障妇女、未成年人、老年人和残疾人的合法权益。", "minors.protection", "未成年人、老年人和残疾人的合法权益"),
        ("开展未成年人“护苗”行动。", "minors.protection", "未成年人“护苗"),
        ("严惩侵害未成年人的犯罪。", "minors.protection", "侵害未成年人的犯罪"),
        ("关爱服务和未成年人犯罪预防。", "minors.offending", "未成年人犯罪"),
        ("矫治不良行为未成年人。", "minors.offending", "不良行为未成年人"),
        ("打击涉未成年人违法犯罪。", "minors.unspecified", "涉未成年人违法犯罪"),
        ("大学生思想教育和未成年人思想道德建设。", "minors.moral_education", "未成年人思想道德"),
        ("重视未成年人和大学生的思想道德教育。", "minors.moral_education", "未成年人和大学生的思想道德"),
        # anniversaries
        ("从党的百年奋斗中汲取力量。", "anniversary.party", "党的百年"),
        ("喜迎建党一百周年。", "anniversary.party", "建党一百周年"),
        ("到建党一百年时全面建成。", "anniversary.centenary_goal", "建党一百年时"),
        ("实现建军一百年奋斗目标。", "anniversary.centenary_goal", "一百年奋斗目标"),
        ("欢庆新中国七十华诞。", "anniversary.state", "新中国七十华诞"),
        ("两国庆祝建交五十周年。", "anniversary.diplomatic", "建交五十周年"),
        ("和平共处五项原则发表七十周年。", "anniversary.diplomatic", "和平共处五项原则发表七十周年"),
        ("纪念十一届三中全会召开三十周年。", "anniversary.reform", "十一届三中全会召开三十周年"),
        ("喜迎自治区六十周年大庆。", "anniversary.local", "自治区六十周年"),
        ("纪念云泽解放七十周年。", "anniversary.local", "解放七十周年"),
        ("纪念解放军建军九十周年。", "anniversary.unspecified", "周年"),
        ("纪念抗战胜利八十周年。", "anniversary.unspecified", "周年"),
    ],
)
def test_one_hit(lexicon, sentence, frame, words):
    assert read(lexicon, sentence) == [(frame, words)]


@pytest.mark.parametrize(
    "sentence",
    [
        "搞好城市绿化、美化、净化。",
        "净化、亮化、美化工程进展顺利。",
        "集中照明亮化、开展环境净化。",
        "农村环境持续净化。",
        "净化农产品产地环境。",
        "自然积存、渗透、净化雨水。",
        "推进煤炭产业洁净化。",
        "净化解商品房库存。",
        "组织农民净化院落。",
        "持续开展“打非治违”。",
        "严打非法集资。",
        "保持拆违打非高压态势。",
        "开展创新药“护苗”行动。",
        "政策“润苗”、法治“护苗”。",
        "保障蔬菜周年均衡供应。",
        "实现百年梦想。",
        "面对百年罕见的危机。",
        "入选百年百大考古发现。",
        "培育更多百年老店。",
    ],
)
def test_no_hit(lexicon, sentence):
    assert read(lexicon, sentence) == []


def test_neighbours_are_found_in_whatever_connection(lexicon):
    hits = read(lexicon, "妇女儿童医院培养中青年医生，关爱孩子。", ("children", "youth"))
    assert hits == [("children", "儿童"), ("youth", "青年")]
