from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from small_corpora import corpus_of
from topic_models import counts_of

from analysis.counts import count
from analysis.errors import InputError, MissingStep, TifaError, TifaWarning
from analysis.lexicon import make_lexicon
from analysis.segmentation import segment
from analysis.topics.engines import gibbs
from analysis.topics.engines.base import ENGINES
from analysis.topics.fitting import fit_topics
from analysis.vocabulary import trim

needs_tomotopy = pytest.mark.skipif(find_spec("tomotopy") is None, reason="the extra `topics` is not installed")
ALL = [pytest.param(name, marks=needs_tomotopy if name == "gibbs" else ()) for name in ENGINES]

RIVERS, WEB = "rivers dams water", "screens games web"
#: Eight texts of two themes, three words each; the last but one holds a word of the other theme.
TEXTS = [f"{RIVERS} rivers", f"{WEB} web", RIVERS, WEB, f"{RIVERS} water", f"{WEB} games", f"{RIVERS} dams web", WEB]


def counted(*texts, language="en", **options):
    return count(segment(corpus_of(*(texts or TEXTS), language=language)), **options)


def fitted(name, counts, n_topics=2, **options):
    if name == "seeded":
        options = {"anchors": {"water": ["rivers"]}} | options
    return fit_topics(counts, n_topics, name, **options)


def message(*given, **options):
    with pytest.raises(InputError) as error:
        fit_topics(*given, **options)
    return str(error.value)


# ------------------------------------------------------------------- what comes out


@pytest.mark.parametrize("name", ALL)
def test_themes_of_texts(name):
    topics = fitted(name, counted())
    shares = topics.documents.pivot_table(index="document", columns="topic", values="share").to_numpy()
    assert (shares.argmax(axis=1) == shares.argmax(axis=1)[[0, 1] * 4]).all()
    assert shares.argmax(axis=1)[0] != shares.argmax(axis=1)[1]
    first = set(topics.terms.query("rank <= 3 and topic == @shares.argmax(axis=1)[0]")["term"])
    assert first == set(RIVERS.split())


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("n_topics", [1, 3, 6])
def test_the_numbers_of_topics_add_up(name, n_topics):
    dense = np.random.default_rng(n_topics).poisson(0.8, (30, 12)) * np.random.default_rng(0).integers(1, 4, (30, 1))
    dense[:, 0] += 1
    anchors = {"anchors": {"one": ["w05"]}} if name == "seeded" else {}
    topics = fit_topics(counts_of(dense), n_topics, name, **anchors)
    assert topics.term_weights.shape == (n_topics, 12)
    assert topics.unit_shares.shape == (30, n_topics)
    for array in (topics.term_weights, topics.unit_shares):
        assert (array >= 0).all()
        assert array.sum(axis=1) == pytest.approx(np.ones(len(array)), abs=1e-9)
    assert topics.sizes.sum() == pytest.approx(1)
    free = topics.sizes[1:] if name == "seeded" else topics.sizes
    assert (np.diff(free) <= 1e-12).all()  # the largest first


def test_the_recipe_says_how():
    counts = counted()
    topics = fit_topics(counts, np.int64(2), seed=np.int64(3), iterations=np.int32(150), tolerance=np.float32(0.5))
    assert topics.recipe["counts"] == topics.counts.digest == trim(counts).digest
    chosen = {key: topics.recipe[key] for key in ("engine", "n_topics", "seed", "options", "converged")}
    assert chosen == {
        "engine": "nmf-kl",
        "n_topics": 2,
        "seed": 3,
        "options": {"iterations": 150, "tolerance": 0.5},
        "converged": True,
    }
    assert {type(value) for value in topics.recipe["options"].values()} == {int, float}  # plain, to be written
    assert set(topics.recipe["versions"]) == {"numpy", "scipy"}
    assert topics.recipe["notes"]["iterations"] >= 2
    assert fit_topics(counts, 2).recipe["options"] == {"iterations": 200, "tolerance": 1e-4}  # defaults are said too


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_topics(name):
    counts = counted()
    first, again = (fitted(name, counts, 3, seed=4) for _ in range(2))
    assert (first.term_weights == again.term_weights).all()
    assert (first.unit_shares == again.unit_shares).all()
    assert first.recipe["notes"] == again.recipe["notes"]


def test_counts_are_trimmed_once_and_never_changed():
    counts = counted("The rivers, the dams 2021.", "The games, the web 2021.")
    frozen = [array.tobytes() for array in (counts.matrix.data, counts.matrix.indices, counts.matrix.indptr)]
    recipe = dict(counts.recipe)
    for name in ("nmf-kl", "nmf", "lda"):
        assert fit_topics(counts, 2, name).counts.vocabulary == ("dams", "games", "rivers", "web")
    assert [a.tobytes() for a in (counts.matrix.data, counts.matrix.indices, counts.matrix.indptr)] == frozen
    assert dict(counts.recipe) == recipe
    mine = trim(counts, numerals=True, stopwords=False)
    assert fit_topics(mine, 2).counts is mine
    assert "The" in fit_topics(mine, 2).counts.vocabulary


@pytest.mark.parametrize("name", ALL)
def test_a_selection_may_have_words_that_stand_nowhere(name):
    counts = trim(counted(*TEXTS, "lonely words")).select(id=[f"d{i}" for i in range(8)])
    topics = fitted(name, counts)
    assert "lonely" in topics.counts.vocabulary
    column = topics.counts.vocabulary.index("lonely")
    assert (topics.term_weights[:, column] == 0).all()
    assert topics.term_weights.sum(axis=1) == pytest.approx([1, 1])
    assert topics.unit_shares.shape[0] == 8


@pytest.mark.parametrize("name", ALL)
def test_empty_documents_are_said_and_have_no_topics(name):
    counts = counted("the", *TEXTS, "2021.")
    with pytest.warns(TifaWarning, match="2 of 10 units hold none of the features; they have no topics"):
        topics = fitted(name, counts)
    assert (topics.unit_shares[[0, 9]] == 0).all()
    shares = topics.documents.set_index("document")["share"]
    assert shares[["d0", "d9"]].isna().all()
    assert shares.drop(["d0", "d9"]).notna().all()
    # Without them the rest is the same.
    full = fitted(name, counted())
    assert topics.unit_shares[1:9] == pytest.approx(full.unit_shares)
    assert topics.sizes == pytest.approx(full.sizes)


def test_a_stored_zero_is_no_word():
    counts = trim(counted())
    dense = counts.matrix.toarray()
    units, features = dense.shape
    columns = np.tile(np.arange(features), units)
    stored = sparse.csr_array((dense.ravel(), columns, np.arange(0, dense.size + 1, features)), dense.shape)
    assert stored.nnz > counts.matrix.nnz
    topics = fit_topics(replace(counts, matrix=stored), 2)
    assert (topics.term_weights == fit_topics(counts, 2).term_weights).all()


def test_as_many_topics_as_units_or_features():
    counts = counted()
    assert fit_topics(counts, 6).n_topics == 6
    assert "at most 6, the number of features" in message(counts, 7)
    assert "at most 8, the number of units that hold a feature" in message(counts, 9)


# ------------------------------------------------------------------- warnings


@pytest.mark.parametrize("name", ["nmf-kl", "nmf", "lda", "seeded"])
def test_a_fit_that_did_not_converge_is_said_with_what_to_change(name):
    with pytest.warns(TifaWarning, match=r"did not converge \(2 iterations\): raise iterations=.*tolerance="):
        topics = fitted(name, counted(), 3, iterations=2, tolerance=0)
    assert topics.converged is False
    assert "not converged" in repr(topics)


def test_a_warning_points_at_the_line_that_asked():
    with pytest.warns(TifaWarning) as warned:
        fit_topics(counted(), 3, iterations=1)
    assert warned[0].filename == __file__


def test_long_whole_documents_are_said():
    long = [" ".join([f"{RIVERS} {WEB}"] * 300), " ".join([RIVERS] * 600)]
    with pytest.warns(TifaWarning, match=r'whole documents of 1,800 tokens.*count\(tokens, units="blocks"\) cuts them'):
        fit_topics(counted(*long), 2)
    fit_topics(counted(*[text + "." for text in long], units="blocks", size=100), 2)


@needs_tomotopy
def test_sampling_neither_converges_nor_fails_to():
    topics = fit_topics(counted(), 2, "gibbs", iterations=1)
    assert topics.converged is None
    assert "not converged" not in repr(topics)


# ------------------------------------------------------------------- anchors


def test_anchored_topics_come_first_in_order_and_are_labelled():
    counts = counted(*TEXTS, *["hills trees", "trees trees hills"] * 3)
    anchors = {"water": ["rivers", "dams"], "net": "web"}
    topics = fit_topics(counts, 3, "seeded", anchors=anchors, strength=0.3)
    assert topics.labels == ("water", "net", "")
    assert topics.names[:2] == ("water", "net")
    terms = topics.terms.query("rank <= 2").groupby("topic")["term"].agg(set)
    assert terms[0] <= set(RIVERS.split())
    assert terms[1] <= set(WEB.split())
    assert terms[2] == {"hills", "trees"}
    assert topics.recipe["options"]["anchors"] == {"water": ["rivers", "dams"], "net": ["web"]}
    assert topics.recipe["options"]["strength"] == 0.3
    turned = fit_topics(counts, 3, "seeded", anchors=dict(reversed(anchors.items())), strength=0.3)
    assert turned.labels == ("net", "water", "")


def test_topics_that_are_not_about_their_anchors_are_said():
    rng = np.random.default_rng(0)
    dense = np.hstack([rng.poisson(3, (60, 12)), np.zeros((60, 1), dtype=np.int64)])
    dense[0, 12] = 1
    with pytest.warns(TifaWarning, match=r"less than 1 % of rare \(0\.\d+ %\): read the terms before you call it so"):
        fit_topics(counts_of(dense), 2, "seeded", anchors={"rare": ["w12"]}, strength=0.01)


def test_the_free_topics_are_sorted_by_size_after_the_anchored():
    dense = np.random.default_rng(2).poisson(1, (40, 12))
    topics = fit_topics(counts_of(dense), 5, "seeded", anchors={"small": ["w11"]}, strength=0.9)
    assert topics.sizes[0] < topics.sizes[1]
    assert (np.diff(topics.sizes[1:]) <= 1e-12).all()


def test_anchors_that_are_no_features_are_said():
    with pytest.warns(TifaWarning, match=r"left out \(water: lakes, seas; net: 7\)"):
        topics = fit_topics(
            counted(), 2, "seeded", anchors={"water": ["lakes", "rivers", "seas", "lakes"], "net": ["web", 7]}
        )
    assert topics.recipe["options"]["anchors"] == {"water": ["rivers"], "net": ["web"]}
    text = message(counted(), 2, "seeded", anchors={"water": ["lakes"], "net": ["web"], "none": [], "number": 5})
    for name, received in (("water", r"['lakes']"), ("none", "[]"), ("number", "[5]")):
        assert f"anchors of {name}: received {received}; accepted: at least one that is a feature" in text
    assert "anchors of net" not in text
    assert "received 4 topics; accepted: 1 to 2 (n_topics)" in text  # all faults at once
    trimmed_away = counted("The rivers", "The dams", "web games")
    assert "anchors of a: received ['The']" in message(trimmed_away, 2, "seeded", anchors={"a": ["The"]})


def test_a_term_may_anchor_two_topics_and_stand_twice():
    topics = fit_topics(counted(), 2, "seeded", anchors={"a": ["web", "web"], "b": ["web", "rivers"]})
    assert topics.recipe["options"]["anchors"] == {"a": ["web"], "b": ["web", "rivers"]}


def test_topics_of_the_same_anchors_are_refused():
    # They would be one topic twice: nothing else tells them apart.
    text = message(counted(), 3, "seeded", anchors={"a": ["web", "games"], "b": ["games", "web"], "c": ["rivers"]})
    assert "anchors of a and b: received the same features; accepted: terms that tell the two topics apart" in text


def test_a_lexicon_anchors_a_topic_for_each_frame():
    lexicon = make_lexicon(
        {
            "water": {
                "river": {"terms": {"en": ["rivers", "lakes"]}},
                "dam": {"terms": {"en": ["(dams|weirs)"], "zh": ["坝"]}},
            },
            "net": ["web", "games ... screens", "网络"],
        }
    )
    topics = fit_topics(counted(), 2, "seeded", anchors=lexicon)  # without a warning: a lexicon is for many texts
    assert topics.labels == ("water", "net")
    assert topics.recipe["options"]["anchors"] == {"water": ["rivers", "dams"], "net": ["web"]}
    chinese = counted("净化网络环境", "网络环境清朗", "河流治理工程", "治理河流", language="zh")
    both = make_lexicon({"net": ["网络", "web"], "river": ["河流"]})
    assert fit_topics(chinese, 2, "seeded", anchors=both).recipe["options"]["anchors"] == {
        "net": ["网络"],
        "river": ["河流"],
    }
    assert "anchors of other: received ['没有']" in message(
        chinese, 2, "seeded", anchors=make_lexicon({"net": ["网络"], "other": ["没有"]})
    )


def test_terms_of_a_lexicon_match_in_any_letter_case():
    counts = counted("Internet games", "INTERNET web games", "internet web", RIVERS, RIVERS)
    topics = fit_topics(counts, 2, "seeded", anchors=make_lexicon({"net": ["Internet", "WEB"]}))
    assert set(topics.recipe["options"]["anchors"]["net"]) == {"INTERNET", "Internet", "internet", "web"}


def test_anchors_belong_to_the_engine_that_takes_them():
    for name in ("nmf-kl", "nmf", "lda", "gibbs"):
        assert 'accepted: none; engine="seeded" takes them' in message(counted(), 2, name, anchors={"a": ["web"]})
    assert "anchors: received none; accepted: the terms that some topics are known by" in message(
        counted(), 2, "seeded"
    )
    assert "received 0 topics; accepted: 1 to 2" in message(counted(), 2, "seeded", anchors={})
    for wrong in (["web"], "web", 5, [["web"]]):
        assert "accepted: a lexicon, or a mapping of names to terms" in message(counted(), 2, "seeded", anchors=wrong)


# ------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    "given", [None, [[1, 2]], np.ones((3, 3)), pd.DataFrame(), sparse.csr_array(np.eye(3)), corpus_of("web"), "counts"]
)
def test_what_is_one_step_too_early(given):
    with pytest.raises(MissingStep, match=rf"takes Counts, not {type(given).__name__}: count\(segment\(corpus\)\)"):
        fit_topics(given, 2)


@pytest.mark.parametrize(
    "n_topics", [0, -1, 10_000, 1001, True, 2.5, 2.0, "5", None, np.nan, [2], range(2, 5)], ids=str
)
def test_impossible_numbers_of_topics(n_topics):
    assert "n_topics: received " in message(counted(), n_topics)
    assert "accepted: a whole number, 1 to 1,000" in message(counted(), n_topics)


def test_more_topics_than_documents():
    assert "n_topics: received 3; accepted: at most 2, the number of units" in message(
        counted("web games", "web rivers"), 3
    )


@pytest.mark.parametrize("name", ["", "NMF", "lsa", None, 5, ["nmf", "lda"]], ids=str)
def test_an_unknown_engine_is_answered_with_those_there_are(name):
    assert "accepted: nmf-kl, nmf, lda, gibbs, seeded" in message(counted(), 2, name)


def test_an_unknown_option_is_answered_with_those_of_the_engine():
    assert "option: received 'alpha'; accepted: iterations, tolerance" in message(counted(), 2, alpha=0.1)
    assert "option: received 'iteration'; accepted: alpha, beta, iterations" in message(
        counted(), 2, "gibbs", iteration=9
    )
    assert "accepted: strength, iterations, tolerance" in message(
        counted(), 2, "seeded", anchors={"a": ["web"]}, beta=1
    )
    text = message(counted(), 0, seed=-1, iterations=0, wrong=1)
    assert all(said in text for said in ("4 faults", "n_topics", "seed", "iterations", "'wrong'"))


@pytest.mark.parametrize(
    ("engine", "option", "value"),
    [
        *(("nmf-kl", "iterations", value) for value in (0, -1, 2.5, True, "9", None, np.inf)),
        *(("nmf-kl", "tolerance", value) for value in (-1e-9, np.nan, np.inf, "0.1", None, True)),
        *(("lda", "alpha", value) for value in (0, -1, np.nan, None, "auto", False, 2.5)),
        *(("lda", "beta", value) for value in (0, -0.1, [0.1], 1.01)),
        *(("gibbs", "alpha", value) for value in (0, np.inf, None)),
        *(("seeded", "strength", value) for value in (0, -1, 1, np.nan, "strong")),
    ],
    ids=str,
)
def test_impossible_options(engine, option, value):
    anchors = {"anchors": {"a": ["web"]}} if engine == "seeded" else {}
    assert f"fit_topics, {option}: received" in message(counted(), 2, engine, **anchors, **{option: value})


def test_edges_of_options_are_accepted():
    for options in ({"tolerance": np.float64(1e9)}, {"iterations": np.int64(999)}, {"tolerance": 1}):
        assert fit_topics(counted(), 2, **options).n_topics == 2
    assert fit_topics(counted(), 2, "lda", alpha=1, beta=1.0).n_topics == 2


@pytest.mark.parametrize("seed", [-1, 1.5, "0", None, True, np.nan], ids=str)
def test_impossible_seeds(seed):
    assert "seed: received" in message(counted(), 2, seed=seed)
    assert fit_topics(counted(), 2, seed=2**40).recipe["seed"] == 2**40


@pytest.mark.parametrize("n", [2, 5])
def test_texts_that_are_all_alike(n):
    assert f"received {n} units with the same words in the same proportions; accepted: texts that differ" in message(
        counted(*[RIVERS] * n), 2
    )
    multiples = [" ".join([RIVERS] * (i + 1)) for i in range(n)]
    assert "in the same proportions" in message(counted(*multiples), 2)
    assert fit_topics(counted(*multiples), 1).n_topics == 1  # one topic is what they have
    fit_topics(counted(*[RIVERS] * n, f"{RIVERS} dams"), 2)
    fit_topics(counted(*[RIVERS] * n, WEB), 2)


def test_a_vocabulary_of_one_word():
    assert "received 1 feature; accepted: at least 2; see trim_report(counts)" in message(counted("web web", "web"), 1)


def test_nothing_at_all():
    zero = counts_of(np.zeros((3, 4)))
    assert "counts: received no token in any unit; accepted: counts of some text" in message(zero, 2)
    assert "features: received none" in message(counted("the", "of it."), 2)  # all trimmed away
    assert "no token in any unit" in message(trim(counted(*TEXTS, "the")).select(id="d8"), 2)


def with_values(values):
    counts = counts_of([[3, 0, 1], [0, 2, 1], [1, 1, 0]])
    return replace(counts, matrix=sparse.csr_array(np.array(values)))


def test_counts_are_whole_numbers_of_at_least_none():
    negative = [[3, 0, -1], [0, 2, 1], [-1, 1, 0]]
    assert "received 2 negative values; accepted: counts of at least 0" in message(with_values(negative), 2)
    for wrong in ([[0.5, 0, 1], [0, 2, 1], [1, 1, 0]], [[np.nan, 0, 1], [0, 2, 1], [1, 1, 0]], [[np.inf, 0, 1.0]] * 3):
        assert "received values that are no whole numbers" in message(with_values(wrong), 2)
    tfidf = message(with_values([[0.5, 0, -1], [0, 2, 1], [1, 1, 0]]), 2)
    assert "no whole numbers" in tfidf
    assert "1 negative values" in tfidf
    whole = message(with_values([[3.0, 0, 1], [0, 2, 1], [1, 1, 0]]), 2)
    assert "received whole numbers kept as float64; accepted: an integer matrix: matrix.astype(int)" in whole
    for dtype in (np.int64, np.uint16, np.int8):
        assert fit_topics(with_values(np.array([[3, 0, 1], [0, 2, 1], [1, 1, 0]], dtype=dtype)), 2).n_topics == 2


def test_two_languages_are_two_models():
    corpus = corpus_of("rivers dams", "河流治理", "web games", language=["en", "zh", "en"])
    counts = count(segment(corpus))
    text = message(trim(counts, stopwords=False), 2)
    assert "received documents in en and zh; accepted: one language, such as counts.select(language='zh')" in text
    assert message(counts, 2) == text
    assert fit_topics(counts.select(language="en"), 2).n_topics == 2


def test_without_tomotopy_gibbs_names_the_command(monkeypatch):
    def gone(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(gibbs, "import_module", gone)
    with pytest.raises(TifaError, match=r'pip install "tifa\[topics\]"'):
        fit_topics(counted(), 2, "gibbs")
