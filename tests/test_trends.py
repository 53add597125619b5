import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_tables import documents_of, tallies_of

from analysis.corpus import Corpus
from analysis.counts import count
from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.intervals import gamma_limits
from analysis.lexicon import make_lexicon
from analysis.search import find, tally
from analysis.segmentation import segment
from analysis.trends import document_hits, rates


def quick(tallies, documents, *args, **kwargs):
    return rates(tallies, documents, *args, **({"resamples": 100} | kwargs))


@st.composite
def corpora(draw):
    n = draw(st.integers(1, 12))
    years = draw(st.lists(st.integers(2018, 2021), min_size=n, max_size=n))
    sizes = draw(st.lists(st.integers(1, 5000), min_size=n, max_size=n))
    hits = st.lists(st.sampled_from([0, 0, 1, 2, 30]), min_size=n, max_size=n)
    frames = {"p": draw(hits), "p__a": draw(hits), "q": draw(hits)}
    return tallies_of(**frames), documents_of(sizes, [f"{y}-05-07" for y in years])


@settings(max_examples=40, deadline=None)
@given(corpora())
def test_sums_and_rates_are_those_of_the_period(corpus):
    tallies, documents = corpus
    result = quick(tallies, documents, frames=["p", "p.a", "q"]).set_index(["frame", "period"])
    year = documents["date"].dt.year.astype(str)
    for period, inside in documents.groupby(year):
        for frame in ("p", "p.a", "q"):
            mine = tallies[tallies["frame"].isin([frame, "p.a"] if frame == "p" else [frame])]
            hits = mine.loc[mine["document"].isin(inside["id"]), "hits"].sum()
            row = result.loc[(frame, period)]
            assert (row["documents"], row["hits"], row["size"]) == (len(inside), hits, inside["characters"].sum())
            assert row["per_million"] == pytest.approx(1e6 * hits / row["size"], rel=1e-5)
            assert row["document_share"] == pytest.approx(
                mine["document"][mine["document"].isin(inside["id"])].nunique() / len(inside), rel=1e-5
            )
            assert row["low"] <= row["per_million"] <= row["high"]
    assert len(result) == 3 * year.nunique()


@settings(max_examples=40, deadline=None)
@given(corpora(), st.randoms())
def test_the_order_of_documents_and_tallies_does_not_matter(corpus, random):
    tallies, documents = corpus
    shuffled = [t.sample(frac=1, random_state=random.randrange(1000)) for t in (tallies, documents)]
    pd.testing.assert_frame_equal(quick(tallies, documents), quick(*shuffled))


@settings(max_examples=40, deadline=None)
@given(corpora())
def test_doubled_sizes_halve_rates_and_limits(corpus):
    tallies, documents = corpus
    one = quick(tallies, documents)
    two = quick(tallies, documents.assign(characters=2 * documents["characters"]))
    for column in ("per_million", "low", "high"):
        assert two[column].to_numpy() == pytest.approx(one[column].to_numpy() / 2, rel=2e-5)


@settings(max_examples=40, deadline=None)
@given(corpora())
def test_a_higher_level_is_wider(corpus):
    narrow, wide = (quick(*corpus, level=level) for level in (0.8, 0.99))
    assert (wide["low"] <= narrow["low"]).all()
    assert (wide["high"] > narrow["high"]).all()


@settings(max_examples=40, deadline=None)
@given(corpora())
def test_no_hits_give_an_upper_limit_of_3_689_hits(corpus):
    result = quick(*corpus)
    none = result[result["hits"] == 0]
    assert (none["low"] == 0).all()
    assert none["high"].to_numpy() == pytest.approx(3.688879e6 / none["size"].to_numpy(), rel=1e-5)


@pytest.mark.filterwarnings("ignore:None of the documents")
@settings(max_examples=40, deadline=None)
@given(corpora(), st.lists(st.integers(0, 5), min_size=1, max_size=5))
def test_what_documents_are_not_given_does_not_count(corpus, others):
    tallies, documents = corpus
    more = pd.DataFrame({"document": [f"e{i}" for i in range(len(others))], "frame": "q", "term": "x", "hits": others})
    more["frame"] = pd.Categorical(more["frame"], categories=tallies["frame"].cat.categories)
    pd.testing.assert_frame_equal(
        quick(pd.concat([tallies, more]), documents, frames=["p", "q"]), quick(tallies, documents, frames=["p", "q"])
    )


SEVEN = tallies_of(f=[3, 0, 9, 1, 4, 0, 7]), documents_of([900, 400, 1500, 700, 800, 600, 2000])


def test_a_seed_reproduces_and_another_does_not():
    assert quick(*SEVEN, seed=1).equals(quick(*SEVEN, seed=1))
    one, two = quick(*SEVEN, seed=1), quick(*SEVEN, seed=2)
    assert one["high"][0] != two["high"][0]
    assert one["high"][0] == pytest.approx(two["high"][0], rel=0.3)
    assert one["per_million"].equals(two["per_million"])


def test_one_document_gets_the_limits_of_independent_hits():
    low, high = gamma_limits(7, 1.0)
    row = quick(tallies_of(f=[7]), documents_of([2000])).iloc[0]
    assert row[["low", "high"]].tolist() == pytest.approx([500 * low, 500 * high], rel=1e-5)


def test_one_document_among_periods_borrows_their_design_effect():
    # 2020: ten documents with all 40 hits in two of them; 2021: one document.
    dates = ["2020-05-07"] * 10 + ["2021-05-07"]
    documents = documents_of([1000] * 11, dates)
    alone = gamma_limits(7, 1.0)
    borrowed = rates(tallies_of(f=[20, 20] + [0] * 8 + [7]), documents).set_index("period").loc["2021"]
    assert borrowed["low"] < 1000 * alone[0]
    assert borrowed["high"] > 1.5 * 1000 * alone[1]


def test_hits_that_lump_in_documents_are_less_sure():
    documents = documents_of([1000] * 20)
    even, lumped = (quick(tallies_of(f=counts), documents).iloc[0] for counts in ([2] * 20, [20, 20] + [0] * 18))
    assert even["per_million"] == lumped["per_million"]
    assert lumped["high"] - lumped["low"] > 2 * (even["high"] - even["low"])


def test_a_period_without_documents_has_no_row():
    result = quick(tallies_of(f=[1, 1]), documents_of([10, 10], ["2018-05-07", "2021-05-07"]))
    assert result["period"].tolist() == ["2018", "2021"]


def test_a_period_without_text_has_no_rate():
    row = quick(tallies_of(f=[0]), documents_of([0])).iloc[0]
    assert row["size"] == 0
    assert row[["per_million", "low", "high"]].isna().all()


def test_frames_without_hits_are_rows_of_zeros():
    corpus = Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化网络"]}))
    hits = find(corpus, make_lexicon({"purification": ["净化"], "anniversary": ["百年"]}))
    result = quick(tally(hits), corpus.documents)
    assert result[["frame", "hits"]].to_numpy().tolist() == [["purification", 1], ["anniversary", 0]]
    assert quick(tally(hits.iloc[:0]), corpus.documents)["hits"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("by", "periods"),
    [
        ("year", {"2020": 2, "2021": 1}),
        ("quarter", {"2020Q1": 1, "2021Q2": 1, "unplaced": 1}),
        ("month", {"2020-02": 1, "2021-05": 1, "unplaced": 1}),
        ("all", {"all": 3}),
    ],
)
def test_dates_too_rough_for_the_period_are_unplaced(by, periods):
    dates = ["2020-01-01", "2020-02-01", "2021-05-07"]
    documents = documents_of([10, 10, 10], dates, date_precision=["year", "month", "day"])
    result = quick(tallies_of(f=[1, 1, 1]), documents, by)
    assert dict(zip(result["period"], result["documents"], strict=True)) == periods


def test_languages_are_not_pooled():
    documents = documents_of([10, 10], language=["zh", "en"])
    with pytest.raises(InputError, match=r'statements in en and zh; accepted: .*groups=\("language",\)'):
        rates(tallies_of(f=[1, 2]), documents)
    result = quick(tallies_of(f=[1, 2]), documents, groups=("language",))
    assert result[["language", "hits"]].to_numpy().tolist() == [["en", 2], ["zh", 1]]
    assert quick(tallies_of(f=[1, 2]), documents, groups="language").equals(result)


def test_translations_are_drawn_with_their_originals():
    counts = [4, 4, 0, 0, 3, 3, 1, 1, 6, 6, 0, 0]
    documents = documents_of([1000] * 12)
    originals = [f"d{i - 1:03d}" if i % 2 else "" for i in range(12)]
    apart = quick(tallies_of(f=counts), documents, resamples=2000).iloc[0]
    together = quick(tallies_of(f=counts), documents.assign(translation_of=originals), resamples=2000).iloc[0]
    assert together["documents"] == apart["documents"] == 12
    assert together["high"] - together["low"] > 1.3 * (apart["high"] - apart["low"])
    # The limits are those of the pairs, taken as one document each.
    pairs = quick(tallies_of(f=[8, 0, 6, 2, 12, 0]), documents_of([2000] * 6), resamples=2000).iloc[0]
    assert together[["low", "high"]].tolist() == pairs[["low", "high"]].tolist()


@pytest.mark.parametrize(
    ("counts", "few"),
    [
        ([2, 2, 2, 2, 2], False),
        ([2, 2, 2, 2, 1], True),  # nine hits
        ([3, 3, 3, 3], True),  # four documents
        ([10, 4, 2, 2, 2], False),  # half from one document
        ([11, 4, 2, 2, 2], True),  # over half
    ],
)
def test_few_hits_few_documents_and_one_speaker_are_flagged(counts, few):
    assert quick(tallies_of(f=counts), documents_of([100] * len(counts)))["few"].tolist() == [few]


@pytest.mark.filterwarnings("ignore:.*clusters.*are few")
def test_over_half_from_one_cluster_is_flagged():
    documents = documents_of([100] * 10, place=list("aabbccddee"))
    assert quick(tallies_of(f=[4, 4, 1, 1, 1, 1, 1, 0, 1, 0]), documents)["few"].tolist() == [False]
    assert quick(tallies_of(f=[4, 4, 1, 1, 1, 1, 1, 0, 1, 0]), documents, cluster="place")["few"].tolist() == [True]


def test_few_clusters_are_said_and_fewer_refused():
    places = [f"p{i % 12:02d}" for i in range(24)]
    with pytest.warns(TifaWarning, match="12 clusters"):
        quick(tallies_of(f=[1] * 24), documents_of([10] * 24, place=places), cluster="place")
    with pytest.raises(InputError, match="3 clusters; accepted: at least 5"):
        quick(tallies_of(f=[1] * 24), documents_of([10] * 24, place=list("abc") * 8), cluster="place")


def test_clusters_of_one_document_are_documents():
    counts, documents = [0, 1, 5, 0, 2] * 5, documents_of(range(100, 125))
    apart = quick(tallies_of(f=counts), documents)
    clustered = quick(tallies_of(f=counts), documents.assign(place=documents["id"]), cluster="place")
    pd.testing.assert_frame_equal(apart, clustered)


@pytest.mark.filterwarnings("ignore:.*clusters.*are few", "ignore:.*draws held no text")
def test_a_period_of_one_cluster_gets_the_limits_of_independent_hits():
    # Drawing the only cluster of 2021 again never changes its rate; that is no certainty.
    dates = ["2020-05-07"] * 6 + ["2021-05-07"] * 2
    documents = documents_of([1000] * 8, dates, place=list("abcdefaa"))
    row = quick(tallies_of(f=[1, 2, 0, 1, 3, 0, 5, 9]), documents, cluster="place").set_index("period").loc["2021"]
    low, high = gamma_limits(14, 1.0)
    assert row[["low", "high"]].tolist() == pytest.approx([500 * low, 500 * high], rel=1e-5)


@pytest.mark.filterwarnings("ignore:.*clusters.*are few")
def test_draws_without_text_are_counted_in_a_warning():
    documents = documents_of([10] * 7, ["2020-05-07"] * 6 + ["2021-05-07"], place=list("abcdefa"))
    with pytest.warns(TifaWarning, match=r"\d+ of 200 draws held no text of a period"):
        quick(tallies_of(f=[1] * 7), documents, cluster="place")


def test_tokens_are_a_base_once_texts_are_segmented():
    corpus = Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["净化网络，净化。"]}))
    tallies = tally(find(corpus, make_lexicon({"f": ["净化"]})))
    with pytest.raises(MissingStep, match="segment"):
        rates(tallies, corpus.documents, base="tokens")
    tokens = segment(corpus)
    for documents in (tokens.documents, count(tokens).documents):
        row = quick(tallies, documents, base="tokens").iloc[0]
        assert (row["size"], row["per_million"]) == (3, 666667)


def test_all_faults_are_listed_at_once():
    documents = documents_of([1, -2, 3, 4], language=["zh", "en", "zh", "zh"])
    tallies = tallies_of(f=[1, 1, 1, 1]).assign(hits=[1, -1, 1, 1])
    with pytest.raises(InputError) as caught:
        rates(tallies, documents, "week", groups=("nowhere",), cluster="no", level=95, resamples=10, seed=-1)
    fields = [fault.field for fault in caught.value.faults]
    assert fields == ["column", "column", "documents", "characters", "tallies.hits", "by", "level", "resamples", "seed"]
    assert all(fault.where == "rates" for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"characters": ["a", "b"]}, "characters: received sizes that are missing"),
        ({"characters": [1.0, np.nan]}, "characters: received sizes that are missing"),
        ({"characters": [1.0, np.inf]}, "characters: received sizes that are missing"),
        ({"id": ["d000", "d000"]}, "the id 'd000' twice"),
    ],
)
def test_documents_that_cannot_be_counted_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        rates(tallies_of(f=[1, 1]), documents_of([10, 10]).assign(**change))


@pytest.mark.parametrize(
    "options", [{"level": "0.95"}, {"level": np.nan}, {"resamples": "many"}, {"resamples": 200.5}, {"seed": None}]
)
def test_options_of_a_wrong_kind_are_named(options):
    with pytest.raises(InputError, match=f"rates, {next(iter(options))}: received"):
        rates(*SEVEN, **options)


def test_a_selection_without_hits_has_zeros_and_a_warning():
    with pytest.warns(TifaWarning, match="two corpora"):
        result = quick(tallies_of(f=[1, 1]), documents_of([10, 10]).assign(id=["x", "y"]))
    assert result["hits"].tolist() == [0]


def test_no_documents_are_refused():
    with pytest.raises(InputError, match="documents: received none"):
        rates(tallies_of(f=[1]), documents_of([]))


def test_a_group_named_like_a_result_is_refused():
    with pytest.raises(InputError, match="groups: received 'period'"):
        rates(tallies_of(f=[1]), documents_of([10], period="Xi"), groups=("period",))


def test_a_missing_step_is_named():
    hits = pd.DataFrame({"document": ["d000"], "frame": ["f"], "start": [0], "end": [1]})
    with pytest.raises(MissingStep, match=r"column hits: tally\(find\(corpus, lexicon\)\)"):
        rates(hits, documents_of([10]))
    with pytest.raises(MissingStep, match=r"corpus\.documents"):
        rates(tallies_of(f=[1]), "corpus")
    with pytest.raises(MissingStep, match="lack the column date"):
        rates(tallies_of(f=[1]), documents_of([10]).drop(columns="date"))


def test_inputs_are_left_as_they_were():
    tallies, documents = (t.copy() for t in SEVEN)
    quick(tallies, documents)
    document_hits(tallies, documents)
    pd.testing.assert_frame_equal(tallies, SEVEN[0])
    pd.testing.assert_frame_equal(documents, SEVEN[1])


def test_document_hits_are_in_the_order_of_dates_zeros_included():
    documents = documents_of([9, 9, 9], ["2021-05-07", "2019-05-07", "2020-05-07"], language=["zh", "en", "zh"])
    result = document_hits(tallies_of(p__a=[2, 0, 1], q=[0, 0, 0]), documents, frames=["p", "q"])
    assert result[["document", "frame", "hits"]].to_numpy().tolist() == [
        ["d001", "p", 0],
        ["d002", "p", 1],
        ["d000", "p", 2],
        ["d001", "q", 0],
        ["d002", "q", 0],
        ["d000", "q", 0],
    ]
