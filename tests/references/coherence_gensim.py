"""Reference numbers for the coherence of topics, made by gensim.

In an environment of its own (gensim is no dependency of this project):

    pip install gensim
    python tests/references/coherence_gensim.py > tests/references/coherence_gensim.json
"""

import json
import sys

# Twelve documents of 2 to 14 tokens: from 3 on, each window is longer than some of them. gensim forgets a word that
# leaves its window although it stands in it once more (see `departures`): no word stands here twice in one window
# of a document longer than the window.
DOCUMENTS = [
    "净化 网络 环境 保护 未成年人 健康 成长",
    "网络 净化 行动 清理 有害 信息 净化 网络 空间",
    "未成年人 保护 学校 家庭 社会",
    "净化 网络",
    "周年 庆祝 大会 北京 举行 成立 纪念 讲话 历史 成就 改革 发展 人民 周年",
    "纪念 周年 活动",
    "空气 净化 环境 治理 污染 减排 绿化 城市",
    "学校 教育 未成年人 网络 素养 家庭 责任 健康 心理 辅导",
    "改革 发展 成就 庆祝 周年",
    "有害 信息 清理 未成年人 网络 游戏 保护 家长 监护",
    "环境 保护 治理 污染",
    "人民 城市 绿化 空气 庆祝 纪念",
]

TOPICS = [
    "净化 网络 有害 信息 清理",
    "未成年人 保护 学校 家庭 健康",
    "周年 庆祝 纪念 成就 改革",
    "环境 空气 绿化 治理 污染",
    "净化 周年 未成年人 空气",  # words that hardly meet
    "讲话 游戏 减排 心理",  # words that never meet
    "网络 净化",
]

WINDOWS = (2, 3, 5, 10, 110)

# What the project does otherwise, with gensim's numbers, so that a test can say so.
REPEATED = ["a b a c d e"]  # with windows of 3, a stands in aba, bac and acd: 3 of 4
EVERYWHERE = ["a b c", "a b d", "a b", "b a e"]  # a and b stand in every document


def split(lines):
    return [line.split() for line in lines]


def coherence(measure, documents, topics, window=None):
    from gensim.corpora import Dictionary
    from gensim.models.coherencemodel import CoherenceModel

    texts = split(documents)
    dictionary = Dictionary(texts)
    given = {"corpus": [dictionary.doc2bow(text) for text in texts]} if window is None else {"texts": texts}
    model = CoherenceModel(
        topics=split(topics), dictionary=dictionary, coherence=measure, window_size=window, processes=1, **given
    )
    return [float(value) for value in model.get_coherence_per_topic()]


def windows_holding(documents, window):
    from gensim.corpora import Dictionary
    from gensim.topic_coherence.text_analysis import WordOccurrenceAccumulator

    texts = split(documents)
    dictionary = Dictionary(texts)
    counted = WordOccurrenceAccumulator(set(dictionary.token2id.values()), dictionary).accumulate(texts, window)
    return {word: int(counted[word]) for word in sorted(dictionary.token2id)}


def numbers():
    import gensim
    import numpy

    return {
        "made_by": "tests/references/coherence_gensim.py, from gensim's CoherenceModel",
        "gensim": gensim.__version__,
        "numpy": numpy.__version__,
        "documents": DOCUMENTS,
        "topics": TOPICS,
        "u_mass": coherence("u_mass", DOCUMENTS, TOPICS),
        "windows": [
            {
                "window": window,
                **{measure: coherence(measure, DOCUMENTS, TOPICS, window) for measure in ("c_uci", "c_npmi", "c_v")},
            }
            for window in WINDOWS
        ],
        "departures": {
            "repeated": {"documents": REPEATED, "window": 3, "windows_holding": windows_holding(REPEATED, 3)},
            "everywhere": {
                "documents": EVERYWHERE,
                "topics": ["a b"],
                "window": 10,
                "c_npmi": coherence("c_npmi", EVERYWHERE, ["a b"], 10),
            },
        },
    }


if __name__ == "__main__":
    json.dump(numbers(), sys.stdout, ensure_ascii=False, indent=1)
    print()
