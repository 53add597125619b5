"""Measures of lexical diversity against other programs, brute force and their limits."""

import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.diversity_measures import MEASURES, Texts, hd_d, maas, mattr, msttr, mtld, ttr, yule_k
from analysis.errors import InputError

REFERENCES = Path(__file__).parent / "references"
TEXTS = json.loads((REFERENCES / "diversity.json").read_text(encoding="utf-8"))["texts"]
KORPUS = json.loads((REFERENCES / "diversity_korpus.json").read_text(encoding="utf-8"))
IDS = st.lists(st.integers(0, 9), min_size=1, max_size=60)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: str(len(text["ids"])))
def test_numbers_of_lexicalrichness(text):
    ids, numbers = text["ids"], text["numbers"]["lexicalrichness"]
    assert ttr(ids) == numbers["ttr"]
    assert maas(ids, base=math.e) == pytest.approx(numbers["maas"], rel=1e-12)
    assert yule_k(ids) == pytest.approx(numbers["yule_k"], rel=1e-12)
    assert mtld(ids, closes="at") == pytest.approx(numbers["mtld"], rel=1e-12)
    assert hd_d(ids) == pytest.approx(numbers["hd_d"], rel=1e-12)
    for name, measure in (("msttr", msttr), ("mattr", mattr)):
        for window, value in numbers[name].items():
            assert measure(ids, window=int(window)) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: str(len(text["ids"])))
def test_numbers_of_lexical_diversity_and_taaled(text):
    ids, numbers, taaled = text["ids"], text["numbers"]["lexical_diversity"], text["numbers"]["taaled"]
    assert maas(ids) == pytest.approx(numbers["maas"], rel=1e-12) == taaled["maas"]
    assert mtld(ids, least=10) == pytest.approx(numbers["mtld"], rel=1e-12)
    assert mtld(ids, least=10) == pytest.approx(taaled["mtldo"], rel=1e-12)
    assert hd_d(ids) == pytest.approx(numbers["hd_d"], rel=1e-12) == taaled["hd_d"]
    assert mattr(ids, window=50) == pytest.approx(taaled["mattr"], rel=1e-12)
    for name, measure in (("msttr", msttr), ("mattr", mattr)):
        for window, value in numbers[name].items():
            assert measure(ids, window=int(window)) == pytest.approx(value, rel=1e-12)


def test_the_options_of_mtld_are_different_numbers_of_these_texts():
    ids = TEXTS[4]["ids"]
    assert len({mtld(ids), mtld(ids, closes="at"), mtld(ids, least=10), mtld(ids, average="factors")}) == 4


def test_numbers_of_korpus():
    ids, numbers = KORPUS["ids"], KORPUS["numbers"]
    assert len(ids) == 556  # words, as in its tests
    assert round(ttr(ids), 2) == numbers["TTR"]
    assert round(msttr(ids), 2) == numbers["MSTTR"]
    assert round(mattr(ids), 2) == numbers["MATTR"]
    assert round(yule_k(ids), 2) == numbers["Yule's K"]
    assert round(math.sqrt(maas(ids)), 2) == numbers["Maas a"]
    assert round(42 * hd_d(ids), 2) == numbers["HD-D"]
    assert round(mtld(ids, average="factors"), 2) == numbers["MTLD"]
    assert round(mtld(ids), 2) == 97.27  # the mean of the authors is another number


def test_numbers_of_wordless():
    # Wordless, tests/tests_measures/test_measures_lexical_density_diversity.py: five words, twenty times over.
    ids = [0, 1, 2, 3, 4] * 20
    assert ttr(ids) == mattr(ids, window=500) == 5 / 100
    assert mattr(ids * 10, window=500) == 5 / 500
    assert msttr([*ids, 5], window=100) == 5 / 100
    assert mtld(ids) == pytest.approx(100 / 14, rel=1e-14)
    assert yule_k(ids) == 1900
    assert maas(ids, base=math.e) == pytest.approx((math.log(100) - math.log(5)) / math.log(100) ** 2, rel=1e-14)
    assert hd_d(ids) == pytest.approx((1 - math.comb(80, 42) / math.comb(100, 42)) / 42 * 5, rel=1e-14)


def test_repeat_rate_printed_by_popescu():
    # Popescu (2009: 26, 170), as cited in the tests of Wordless: Σ f² / N² = .0153, which is K / 10⁴ + 1 / N.
    spectrum = {11: 1, 9: 2, 7: 1, 6: 2, 5: 2, 4: 7, 3: 6, 2: 18, 1: 85}
    frequencies = [f for f, types in spectrum.items() for _ in range(types)]
    ids = np.repeat(np.arange(len(frequencies)), frequencies)
    assert ids.size == 225
    assert round(yule_k(ids) / 1e4 + 1 / 225, 4) == 0.0153


def test_numbers_of_quanteda():
    # quanteda.textstats, tests/testthat/test-textstat_lexdiv.R
    ids = [0, 0, 1, 0, 0, 1, 0]
    assert mattr(ids, window=2) == pytest.approx((1 / 2 + 1 + 1 + 1 / 2 + 1 + 1) / 6, rel=1e-15)
    assert [mattr(ids, window=w) for w in (3, 4)] == pytest.approx([2 / 3, 2 / 4], rel=1e-15)
    fruit = [0, 1, 0, 1, 2, 2, 0, 1]
    assert [msttr(fruit, window=w) for w in (2, 3, 4)] == pytest.approx([3.5 / 4, 2 / 3, 1.25 / 2], rel=1e-15)
    assert math.sqrt(maas([0, 1] * 4)) == pytest.approx(math.sqrt((math.log10(8) - math.log10(2)) / math.log10(8) ** 2))
    assert round(ttr([0, 0, 1, 0, 0, 1, 0]), 3) == 0.286


#: Texts with factors of a few tokens and, from a wider vocabulary, of some hundred.
READINGS = st.one_of(
    st.lists(st.integers(0, 9), max_size=300),
    st.builds(
        lambda seed, n: np.random.default_rng(seed).integers(0, 400, n).tolist(),
        st.integers(0, 999),
        st.integers(0, 1500),
    ),
)


def read(ids, threshold, least, at):
    """Factors, token by token."""
    factors, seen, n = 0.0, set(), 0
    for i in ids:
        seen.add(i)
        n += 1
        ratio = len(seen) / n
        if n >= least and (ratio < threshold or (at and ratio == threshold)):
            factors, seen, n = factors + 1, set(), 0
    return factors + ((1 - len(seen) / n) / (1 - threshold) if n else 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(READINGS, min_size=1, max_size=4), st.booleans(), st.sampled_from([1, 5]))
def test_mtld_is_that_of_reading_token_by_token(lists, at, least):
    found = mtld(texts_of(lists), closes="at" if at else "below", least=least)
    together = mtld(texts_of(lists), closes="at" if at else "below", least=least, average="factors")
    for ids, value, pooled in zip(lists, found, together, strict=True):
        one, two = read(ids, 0.72, least, at), read(ids[::-1], 0.72, least, at)
        if one == 0 or two == 0:
            assert np.isnan(value)
            assert np.isnan(pooled)
        else:
            assert value == pytest.approx((len(ids) / one + len(ids) / two) / 2)
            assert pooled == pytest.approx(2 * len(ids) / (one + two))


def texts_of(lists):
    return Texts(np.array([i for ids in lists for i in ids], dtype=np.int32), np.cumsum([0, *map(len, lists)]))


@settings(max_examples=60, deadline=None)
@given(IDS, st.integers(1, 70))
def test_windows_are_those_of_the_definition(ids, window):
    width = min(window, len(ids))
    shares = [len(set(ids[i : i + width])) / width for i in range(len(ids) - width + 1)]
    assert mattr(ids, window=window) == pytest.approx(np.mean(shares))
    segments = [len(set(ids[i : i + width])) / width for i in range(0, len(ids) - width + 1, width)]
    assert msttr(ids, window=window) == pytest.approx(np.mean(segments))
    if window >= len(ids):
        assert mattr(ids, window=window) == msttr(ids, window=window) == ttr(ids)
    assert mattr(ids, window=1) == 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=9), st.integers(1, 5))
def test_hd_d_is_the_mean_over_all_samples(ids, sample):
    if len(ids) < sample:
        assert np.isnan(hd_d(ids, sample=sample))
    else:
        expected = np.mean([len(set(drawn)) / sample for drawn in combinations(ids, sample)])
        assert hd_d(ids, sample=sample) == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(IDS, st.permutations(range(10)), st.randoms())
def test_names_of_words_do_not_matter_and_order_only_where_it_is_read(ids, names, random):
    renamed = [names[i] for i in ids]
    shuffled = random.sample(ids, len(ids))
    for name, measure in MEASURES.items():
        assert measure(renamed) == pytest.approx(measure(ids), nan_ok=True)
        assert measure([10**12 + i for i in ids]) == pytest.approx(measure(ids), nan_ok=True)
        if name in ("ttr", "hd_d", "yule_k", "maas"):
            assert measure(shuffled) == pytest.approx(measure(ids), nan_ok=True)
        if name in ("mattr", "mtld"):
            assert measure(ids[::-1]) == pytest.approx(measure(ids), nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(IDS)
def test_bounds(ids):
    assert 1 / len(ids) <= ttr(ids) <= 1
    assert 0 <= yule_k(ids) <= 1e4 * (1 - 1 / len(ids)) + 1e-9
    assert 0 < mattr(ids, window=7) <= 1
    assert np.isnan(mtld(ids)) == (len(set(ids)) == len(ids))
    drawn = hd_d(ids, sample=5)
    assert np.isnan(drawn) if len(ids) < 5 else 1 / 5 <= drawn + 1e-12 <= 1 + 1e-9
    assert np.isnan(maas(ids)) if len(ids) < 2 else maas(ids) >= 0
    # All of the text as the sample is the text.
    assert hd_d(ids, sample=len(ids)) == pytest.approx(ttr(ids))
    # Two of the text: they differ unless a type is drawn twice, which is Simpson's index and Yule's K.
    if len(ids) > 1:
        twice = yule_k(ids) / 1e4 * len(ids) / (len(ids) - 1)
        assert hd_d(ids, sample=2) == pytest.approx(1 - twice / 2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), max_size=60), min_size=1, max_size=5))
def test_many_texts_give_the_numbers_of_each(lists):
    together = texts_of(lists)
    assert together.types.tolist() == [len(set(ids)) for ids in lists]
    assert together.hapaxes.tolist() == [sum(ids.count(i) == 1 for i in set(ids)) for ids in lists]
    for measure in MEASURES.values():
        alone = [measure(np.array(ids, dtype=np.int64)) for ids in lists]
        assert measure(together) == pytest.approx(alone, nan_ok=True)


def test_a_text_without_a_word_of_one_word_and_of_one_type():
    empty = np.zeros(0, dtype=np.int64)
    assert all(np.isnan(measure(empty)) for measure in MEASURES.values())
    assert [ttr([3]), mattr([3]), msttr([3]), yule_k([3])] == [1, 1, 1, 0]
    assert all(np.isnan(measure([3])) for measure in (mtld, hd_d, maas))
    same = [7] * 100
    assert [ttr(same), mattr(same, window=10), yule_k(same), mtld(same)] == pytest.approx([0.01, 0.1, 9900, 2])
    assert [hd_d(same), maas(same)] == pytest.approx([1 / 42, 0.5])


@pytest.mark.parametrize("ids", [[-1, 2], [0.5, 1.0], ["a"], [[1, 2], [3, 4]]])
@pytest.mark.parametrize("measure", MEASURES.values())
def test_what_is_no_text_is_refused(measure, ids):
    with pytest.raises(InputError, match="whole numbers from 0"):
        measure(ids)


@pytest.mark.parametrize("offsets", [[0, 2], [1, 3], [0, 2, 1, 3], []])
def test_offsets_that_do_not_cover_the_tokens_are_refused(offsets):
    with pytest.raises(InputError, match="diversity, offsets"):
        Texts(np.array([1, 2, 3]), np.array(offsets))


def test_options_of_a_wrong_kind_are_named():
    with pytest.raises(InputError) as caught:
        mtld([1, 1], threshold=1.5, least=0, closes="above", average="mean")
    assert [f.field for f in caught.value.faults] == ["threshold", "closes", "average", "least"]
    for measure, options in (
        (mattr, {"window": 0}),
        (msttr, {"window": 2.5}),
        (hd_d, {"sample": True}),
        (maas, {"base": 1}),
    ):
        with pytest.raises(InputError, match=f"{next(iter(options))}: received"):
            measure([1, 1], **options)


def test_texts_are_left_as_they_were():
    ids = np.array([1, 0, 1, 1], dtype=np.int32)
    ids.flags.writeable = False
    for measure in MEASURES.values():
        measure(ids)
    assert ids.tolist() == [1, 0, 1, 1]
