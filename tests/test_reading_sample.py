"""The record of the sample that was read (corpus/work-reports/reading.csv) against the shipped lexicon and the texts."""

import math
import re

import pandas as pd
import pytest

from analysis.corpus import Corpus
from analysis.files import home
from analysis.lexicon import read_lexicon
from analysis.search import find
from analysis.sources import read_sources
from analysis.work_reports import read_work_reports

COLUMNS = ["document", "frame", "term", "start", "end", "verdict", "reason"]


@pytest.fixture(scope="module")
def reading():
    path = home() / "corpus" / "work-reports" / "reading.csv"
    return pd.read_csv(path, keep_default_na=False, dtype={"document": str, "frame": str, "term": str, "reason": str})


@pytest.fixture(scope="module")
def lexicon():
    return read_lexicon("frames")


@pytest.fixture(scope="module")
def corpus(shared):
    source = read_sources()["work-reports"]
    folder = shared / "mirror" / source.base.partition("://")[2]
    if not folder.is_dir():
        pytest.skip("no mirror of the work reports in ../shared/mirror")
    statements = read_work_reports(folder, list(source.checksums)).statements
    return Corpus(statements[["id", "date", "language", "text"]])


def chinese_terms(frame):
    return [p.source for p in frame.terms if p.language == "zh"]


def test_form(reading):
    assert list(reading.columns) == COLUMNS
    assert set(reading["verdict"]) <= {"right", "wrong"}
    assert ((reading["reason"] != "") == (reading["verdict"] == "wrong")).all(), "a reason for each wrong hit, and only"
    assert reading["reason"].map(str.isascii).all(), "reasons are the reader's words, not the source's"
    assert ((reading["start"] >= 0) & (reading["start"] < reading["end"])).all()
    assert not reading.duplicated(["document", "frame", "start"]).any()
    assert reading["document"].str.fullmatch(r"[a-z-]+-\d{4}(-[a-z]+)?").all()


def test_every_sub_frame_was_read_and_none_by_too_few(reading, lexicon):
    read = reading["frame"].value_counts()
    with_terms = {f.name for f in lexicon.frames if chinese_terms(f)}
    # A row whose frame has sub-frames, and so no terms, is what the false friends of that frame took.
    tops = {f.name for f in lexicon.frames if not f.terms}
    assert set(read.index) == with_terms | tops
    assert read.max() == 50
    known = {f.name: {*chinese_terms(f), *(p.source for p in f.false_friends)} for f in lexicon.frames}
    assert all(term in known[frame] for frame, term in zip(reading["frame"], reading["term"], strict=True))


def test_every_row_is_still_a_hit_or_still_claimed(reading, lexicon, corpus):
    found = pd.concat([find(corpus, lexicon), find(corpus, lexicon, claimed=True)])
    key = ["document", "frame", "term", "start", "end"]
    there = reading.merge(found.astype({"frame": str}), on=key, how="left", indicator="where", validate="one_to_one")
    lost = there.loc[there["where"] == "left_only", key]
    assert lost.empty, f"{len(lost)} of {len(reading)} readings are no hits any more:\n{lost.head(20).to_string()}"
    texts = dict(zip(corpus.table["id"], corpus.table["text"], strict=True))
    assert all(texts[r.document][r.start : r.end] == r.text for r in there.itertuples())


def test_a_sub_frame_with_few_hits_was_read_whole(reading, lexicon, corpus):
    """50 of each, or all that there are: a sample that shrank with a change of the lexicon is drawn again."""
    found = find(corpus, lexicon)["frame"].astype(str).value_counts()
    read = reading["frame"].value_counts()
    assert {f: min(n, 50) for f, n in found.items()} == {f: int(read[f]) for f in found.index}


def test_the_datasheet_tells_what_the_record_says(reading, lexicon):
    text = (home() / "corpus" / "work-reports" / "README.md").read_text(encoding="utf-8")
    assert f"{len(reading)} hits and claimed spans" in text
    told = {
        m[1].strip(): m.groups()[1:]
        for m in re.finditer(r"^\| ([^|]+)\|[^|]+\| (\d+) of (\d+) \| ([\d.]+) % \[([\d.]+), ([\d.]+)\]", text, re.M)
    }
    tops = {f.name for f in lexicon.frames if not f.terms}
    for frame, group in reading.groupby("frame"):
        n, wrong = len(group), int((group["verdict"] == "wrong").sum())
        z, share = 1.959964, wrong / len(group)
        centre, half = share + z * z / 2 / n, z * math.sqrt(share * (1 - share) / n + (z / 2 / n) ** 2)
        limits = [max(0.0, 100 * (centre + side * half) / (1 + z * z / n)) for side in (-1, 1)]
        expected = [str(wrong), str(n), *(f"{value:.1f}" for value in (100 * share, *limits))]
        assert list(told.pop(f"{frame}: claimed by false friends" if frame in tops else frame)) == expected, frame
    assert not told
