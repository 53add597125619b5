import numpy as np
import pandas as pd
import pytest
from small_corpora import corpus_of
from topic_models import MEANS, covered, drawn_shares, rearranged, refitted, topics_of

from analysis.counts import count
from analysis.errors import InputError, MissingStep, TifaWarning
from analysis.lexicon import make_lexicon
from analysis.search import find, tally
from analysis.segmentation import segment
from analysis.topics.fitting import fit_topics
from analysis.topics.framing import topic_frames
from analysis.topics.model import Topics
from analysis.topics.prevalence import topic_prevalence
from analysis.topics.uncertainty import share_limits

pytestmark = pytest.mark.filterwarnings("ignore:One fit")

COLUMNS = ["frame", "topic", "label", "hits", "share", "low", "high", "ratio", "stable"]
BLOCKS = topics_of(
    [[1.0, 0.0], [0.5, 0.5], [0.2, 0.8], [0.0, 0.0], [0.0, 1.0]],
    tokens=[10, 30, 50, 0, 10],
    document=[0, 0, 1, 1, 2],
    labels=["net", ""],
    place=["a", "b", "c"],
)


def quick(topics, tallies, **options):
    return topic_frames(topics, tallies, **({"resamples": 100} | options))


def tallies_of(*rows):
    """Rows ``(document, unit, frame, hits)``."""
    table = pd.DataFrame(rows, columns=["document", "unit", "frame", "hits"])
    return table.assign(term="x", document=[f"d{d:03d}" for d in table["document"]])


HITS = tallies_of((0, 0, "p.a", 3), (0, 1, "p.b", 4), (1, 0, "p.a", 1), (1, 1, "p.a", 2), (2, 0, "q", 5))


def shares_of(table):
    return {f: part["share"].tolist() for f, part in table.groupby("frame")}


def test_hits_are_divided_by_the_shares_of_their_blocks():
    table = quick(BLOCKS, HITS)
    assert table.columns.tolist() == COLUMNS
    # p.a: 3 hits wholly in topic 0, one by 0.2 to 0.8, and two in a block without a feature, which has no topic.
    assert shares_of(table) == {"p.a": [0.8, 0.2], "p.b": [0.5, 0.5], "q": [0.0, 1.0]}
    assert table["hits"].tolist() == [6, 6, 4, 4, 5, 5]
    assert table["topic"].tolist() == [0, 1] * 3
    assert table["label"].tolist() == ["net", "w01 w00"] * 3
    size = (10 + 15 + 10) / 100
    assert table["ratio"].tolist()[:2] == pytest.approx([0.8 / size, 0.2 / (1 - size)], rel=1e-5)


def test_sub_frames_are_summed_under_the_name_of_their_frame():
    table = quick(BLOCKS, HITS, frames=["p", "p.b"])
    assert shares_of(table) == {"p": [(3 + 2 + 0.2) / 8, (2 + 0.8) / 8], "p.b": [0.5, 0.5]}
    assert table["hits"].tolist() == [10, 10, 4, 4]
    assert quick(BLOCKS, HITS, frames="p").equals(table[table["frame"] == "p"])


def test_shares_of_a_frame_sum_to_one_and_ratios_weighted_by_text_too():
    table = quick(BLOCKS, HITS)
    assert table.groupby("frame")["share"].sum().tolist() == [1, 1, 1]
    weighted = table["ratio"] * BLOCKS.sizes[table["topic"]]
    assert weighted.groupby(table["frame"]).sum().to_numpy() == pytest.approx(1, rel=1e-5)


def test_hits_in_blocks_without_a_feature_count_in_hits_alone():
    lost = tallies_of((1, 1, "p", 7))
    table = quick(BLOCKS, lost)
    assert table["hits"].tolist() == [7, 7]
    assert table[["share", "low", "high", "ratio"]].isna().all(axis=None)
    both = quick(BLOCKS, pd.concat([lost, tallies_of((0, 1, "p", 2))]))
    alone = quick(BLOCKS, tallies_of((0, 1, "p", 2)))
    assert both["hits"].tolist() == [9, 9]
    pd.testing.assert_frame_equal(both.drop(columns="hits"), alone.drop(columns="hits"))


def test_a_frame_without_hits_has_no_shares():
    named = HITS.assign(frame=pd.Categorical(HITS["frame"], categories=["p.a", "p.b", "q", "anniversary"]))
    row = quick(BLOCKS, named).query("frame == 'anniversary'")
    assert row["hits"].tolist() == [0, 0]
    assert row[["share", "low", "high", "ratio"]].isna().all(axis=None)
    assert quick(BLOCKS, named.iloc[:0], frames="anniversary")["hits"].tolist() == [0, 0]


def test_several_fits_are_matched_and_averaged_in_shares_and_ratios():
    other = refitted(BLOCKS, BLOCKS.unit_shares[:, ::-1], order=[1, 0])
    table = quick([BLOCKS, other], HITS, frames=["p", "q"])
    assert table["share"].tolist() == pytest.approx([0.5] * 4)
    assert table["ratio"].tolist() == pytest.approx([1.0] * 4)
    text = topic_prevalence([BLOCKS, other], "all", resamples=100)["share"]
    third = refitted(BLOCKS, np.where(BLOCKS.unit_shares > 0, 0.5, 0))
    table = quick([BLOCKS, third], HITS, frames="p")
    text = topic_prevalence([BLOCKS, third], "all", resamples=100)["share"]
    assert (table["share"] / table["ratio"]).tolist() == pytest.approx(text.tolist(), rel=1e-4)


def test_a_topic_without_text_has_no_ratio():
    topics = topics_of([[1.0, 0.0], [1.0, 0.0]])
    table = quick(topics, tallies_of((0, 0, "p", 1), (1, 0, "p", 1)))
    assert table["ratio"].tolist()[0] == 1
    assert np.isnan(table["ratio"][1])
    assert table.loc[1, ["share", "low"]].tolist() == [0, 0]
    assert table["high"][1] == pytest.approx(1 - 0.025**0.5, rel=1e-5)


# ------------------------------------------------------------------- which units


def test_documents_that_the_model_does_not_know_are_left_out():
    more = pd.concat([HITS, tallies_of((7, 0, "p.a", 9), (8, 4, "q", 9))])
    assert quick(BLOCKS, more).equals(quick(BLOCKS, HITS))


def test_a_selection_of_counts_is_one_of_hits():
    kept = BLOCKS.counts.select(place=["a", "c"])
    shares = BLOCKS.unit_shares[[0, 1, 4]]
    chosen = Topics(kept, BLOCKS.term_weights.copy(), shares, dict(BLOCKS.recipe))
    assert shares_of(quick(chosen, HITS)) == {"p.a": [1.0, 0.0], "p.b": [0.5, 0.5], "q": [0.0, 1.0]}


def test_tallies_of_other_texts_are_said():
    with pytest.warns(TifaWarning, match=r"None of the documents that the tallies name \('d009' is one\)"):
        table = quick(BLOCKS, tallies_of((9, 0, "p", 2)))
    assert table["hits"].tolist() == [0, 0]


def test_units_that_the_model_does_not_have_are_refused():
    with pytest.raises(InputError, match="tallies: received unit 5 of 'd001'; accepted: units of the counts"):
        quick(BLOCKS, tallies_of((0, 0, "p", 1), (1, 5, "p", 1)))


def test_documents_are_units_where_they_were_counted_so():
    whole = topics_of([[1.0, 0.0], [0.25, 0.75]], units="documents")
    tallies = tallies_of((0, 0, "p", 1), (1, 0, "p", 4))
    table = quick(whole, tallies.drop(columns="unit"))
    assert table["share"].tolist() == [0.4, 0.6]
    by_block = tallies_of((0, 0, "p", 1), (1, 0, "p", 3), (1, 7, "p", 1))
    assert quick(whole, by_block).equals(table)  # blocks of a document are that document


def test_tallies_that_do_not_say_the_block_are_one_step_too_early():
    with pytest.raises(MissingStep, match=r'in which block a hit stands: read_tallies\(name, units="blocks"\)'):
        quick(BLOCKS, HITS.drop(columns="unit"))


def test_from_texts_to_frames():
    corpus = corpus_of("净化网络环境", "网络环境清朗，净化网络", "净化河流，治理河流", "治理河流工程")
    counts = count(segment(corpus))
    tallies = tally(find(corpus, make_lexicon({"purification": ["净化"], "anniversary": ["百年"]})), units=counts.units)
    topics = fit_topics(counts, 2, engine="seeded", anchors={"net": ["网络"], "river": ["河流"]})
    table = quick(topics, tallies).set_index(["frame", "topic"])
    assert table.loc[("purification", 0), "hits"] == 3
    assert table.loc[("purification", 0), "share"] == pytest.approx(topics.unit_shares[:3, 0].mean(), rel=1e-4)
    assert np.isnan(table.loc[("anniversary", 0), "share"])


# ------------------------------------------------------------------- intervals


def many(shares, hits, document=None, **options):
    """Two topics; a frame with so many hits in each block."""
    topics = topics_of([[s, 1 - s] for s in shares], document=document, **options)
    return topics, topics.counts.units[["document", "unit"]].assign(frame="p", term="x", hits=hits)


def test_one_document_with_hits_says_next_to_nothing():
    row = quick(*many([0.3, 0.5, 0.5], [4, 0, 0])).iloc[0]
    found = share_limits(np.array([[0.3]]), np.ones((1, 1)), np.ones(1), np.zeros(1))
    assert row[["share", "low", "high"]].tolist() == pytest.approx([v[0] for v in found], rel=1e-5)


def test_only_documents_with_hits_tell_where_hits_fall():
    shares, hits = np.linspace(0.1, 0.6, 12), np.full(12, 3)
    alone, among = quick(*many(shares, hits)), quick(*many([*shares, *[0.5] * 60], [*hits, *[0] * 60]))
    pd.testing.assert_frame_equal(alone.drop(columns="ratio"), among.drop(columns="ratio"))


def test_more_documents_are_surer_and_a_higher_level_is_wider():
    few, more = quick(*many([0.1, 0.2, 0.5, 0.3], 2)).iloc[0], quick(*many([0.1, 0.2, 0.5, 0.3] * 6, 2)).iloc[0]
    assert few["high"] - few["low"] > 1.8 * (more["high"] - more["low"])
    wide = quick(*many([0.1, 0.2, 0.5, 0.3], 2), level=0.99).iloc[0]
    assert wide["low"] < few["low"] < few["share"] < few["high"] < wide["high"]


@pytest.mark.filterwarnings("ignore:.*clusters.*are few")
def test_places_that_are_alike_within_are_less_sure():
    shares = np.repeat([0.1, 0.2, 0.6, 0.3, 0.8, 0.4], 6)
    topics, tallies = many(shares, 2, place=np.repeat(list("abcdef"), 6))
    apart, together = quick(topics, tallies).iloc[0], quick(topics, tallies, cluster="place").iloc[0]
    assert apart["share"] == together["share"]
    assert together["high"] - together["low"] > 1.8 * (apart["high"] - apart["low"])


def test_few_clusters_are_said_and_fewer_refused():
    topics, tallies = many([0.3] * 12, 1, place=list("abcdef") * 2, kind=list("ab") * 6)
    with pytest.warns(TifaWarning, match=r"6 clusters \(place\) are few"):
        quick(topics, tallies, cluster="place")
    with pytest.raises(InputError, match="cluster 'kind': received 2 clusters; accepted: at least 5"):
        quick(topics, tallies, cluster="kind")


def test_fits_that_disagree_are_wider():
    topics, tallies = many([0.1, 0.2, 0.5, 0.3] * 6, 2)
    width = np.ptp(quick(topics, tallies).loc[0, ["low", "high"]])
    same = quick([topics, refitted(topics, order=[1, 0])], tallies)
    assert np.ptp(same.loc[0, ["low", "high"]]) == pytest.approx(width, rel=1e-4)
    others = [refitted(topics, topics.unit_shares + np.array([s, -s])) for s in (0.05, -0.05)]
    assert np.ptp(quick([topics, *others], tallies).loc[0, ["low", "high"]]) > 1.3 * width


def test_the_order_of_documents_units_and_tallies_does_not_matter():
    topics, tallies = many([0.1, 0.2, 0.5, 0.3, 0.9], [1, 4, 2, 0, 3], document=[0, 0, 1, 2, 3])
    rng = np.random.default_rng(0)
    moved = quick(rearranged(topics, rng), tallies.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(quick(topics, tallies), moved, rtol=1e-4)


def test_a_seed_reproduces_and_another_does_not():
    topics, tallies = many([0.1, 0.2, 0.5, 0.3, 0.9], [1, 4, 2, 1, 3])
    assert quick(topics, tallies, seed=1).equals(quick(topics, tallies, seed=1))
    assert quick(topics, tallies, seed=1)["high"][0] != quick(topics, tallies, seed=2)["high"][0]


@pytest.mark.parametrize("documents", [15, 60])
def test_95_percent_intervals_of_frames_cover_95_percent(documents):
    rng = np.random.default_rng(documents)
    frames, blocks = 60, 3
    found = []
    for _ in range(4):
        whole = drawn_shares(rng, MEANS, 8.0, frames * documents).repeat(blocks, axis=0)
        shares = drawn_shares(rng, whole, 20.0)
        topics = topics_of(shares, document=np.arange(frames * documents).repeat(blocks))
        tallies = topics.counts.units[["document", "unit"]].assign(
            frame=[f"f{i:03d}" for i in np.arange(frames).repeat(documents * blocks)],
            hits=rng.poisson(rng.gamma(1.0, 1.5, len(shares))),
        )
        table = quick(topics, tallies[tallies["hits"] > 0])
        found.append(covered(table, MEANS[table["topic"]]))
    shares = np.mean(found, axis=0)
    assert ((shares[1:] > 0.9) & (shares[1:] < 0.99)).all(), shares
    assert shares[0] > 0.8, shares  # a rare topic may not show where few documents have hits


# ------------------------------------------------------------------- what is refused


def test_no_model_and_no_tallies_name_the_step():
    with pytest.raises(MissingStep, match=r"topic_frames takes Topics, not Counts: fit_topics"):
        topic_frames(BLOCKS.counts, HITS)
    with pytest.raises(
        MissingStep, match=r"tallies lack the column hits: tally\(find\(corpus, lexicon\), units=counts"
    ):
        topic_frames(BLOCKS, HITS.drop(columns="hits"))
    with pytest.raises(MissingStep, match="tallies lack the column document, frame, hits"):
        topic_frames(BLOCKS, "tallies")


def test_all_faults_are_listed_at_once():
    with pytest.raises(InputError) as caught:
        topic_frames(BLOCKS, HITS.assign(hits=-1), cluster="town", level=2.0, resamples=0, seed="x")
    assert [(f.field, f.received) for f in caught.value.faults] == [
        ("tallies.hits", "counts that are missing, negative or not whole numbers"),
        ("level", "2.0"),
        ("resamples", "0"),
        ("seed", "'x'"),
        ("cluster", "'town'"),
    ]
    assert all(fault.where == "topic_frames" and fault.accepted for fault in caught.value.faults)


@pytest.mark.parametrize("hits", [np.nan, np.inf, 0.5, -1, "many"])
def test_counts_that_are_none_are_refused(hits):
    with pytest.raises(InputError, match="tallies.hits: received counts that are missing, negative"):
        topic_frames(BLOCKS, HITS.assign(hits=[hits] * 5))


def test_frames_that_are_not_there_are_named():
    named = HITS.assign(frame=pd.Categorical(HITS["frame"]))
    with pytest.raises(InputError, match=r"frames: received 'minors'; accepted: p, p\.a, p\.b, q"):
        topic_frames(BLOCKS, named, frames="minors")
    with pytest.raises(InputError, match="frames: received none"):
        topic_frames(BLOCKS, HITS, frames=[])
