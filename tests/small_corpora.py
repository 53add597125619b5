"""Corpora of a few characters for tests, and any text at all."""

import pandas as pd
from hypothesis import strategies as st

from analysis.corpus import Corpus

ANY_TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]), st.sampled_from("净化网络未成年人 \n\r\t\u3000\u2028é𠮷😀a.9%-'")
    ),
    min_size=1,
    max_size=40,
).filter(lambda t: t.strip())


def corpus_of(*texts, language="zh", **columns):
    return Corpus(
        pd.DataFrame(
            {
                "id": [f"d{i}" for i in range(len(texts))],
                "date": "2021-05-07",
                "language": language,
                "text": list(texts),
                **columns,
            }
        )
    )
