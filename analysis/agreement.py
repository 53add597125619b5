"""How far segmenters agree, on which words they differ, and what that does to framing terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.corpus import Corpus
from analysis.dictionary import read_dictionary
from analysis.errors import Fault, InputError, MissingStep, TifaError, raise_faults, shown
from analysis.lexicon import Lexicon
from analysis.search import find
from analysis.segmentation import segment
from analysis.segmenters.base import JIEBA, language_of
from analysis.tokens import Tokens

__all__ = ["SegmenterAgreement", "compare_segmenters"]

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Made = Tokens | Mapping[str, Any]

_OPTIONS = ("segmenter", "dictionary", "hmm", "label")
_WORD_COLUMNS = ("segmenter", "word", "reference_count", "segmenter_count", "cut_otherwise", "other_cutting", "times")
_HIT_COUNTS = ("text_hits", "on_boundaries", "one_token", "cut")
_COUNTS = (*_HIT_COUNTS, "reference_count", "segmenter_count", "cut_otherwise", "times")


class SegmenterAgreement(NamedTuple):
    """The four tables of `compare_segmenters`; the last two are empty without a lexicon."""

    agreement: pd.DataFrame
    words: pd.DataFrame
    frames: pd.DataFrame
    terms: pd.DataFrame


def compare_segmenters(
    corpus: Corpus,
    segmenters: Sequence[str | Mapping[str, Any]] | Mapping[str, str | Mapping[str, Any] | Tokens],
    *,
    lexicon: Lexicon | None = None,
    reference: str | None = None,
    most: int = 20,
) -> SegmenterAgreement:
    """Compare segmenters with a reference, word by word and hit by hit.

    A word is *agreed* if both cut it alike: its start and its end are those of one
    word of the reference. With a the agreed words, r the reference's and s the
    segmenter's: precision = a / s, recall = a / r, F1 = 2a / (r + s), as in the first
    international bakeoff (Sproat & Emerson 2003, Proceedings of the Second SIGHAN
    Workshop on Chinese Language Processing, 133–143), where the reference is a
    hand-made gold standard. Here it is one segmenter among others, so that these are
    measures of agreement, not of truth; with the parts exchanged precision and recall
    exchange as well. Identical cuttings give 1.0; where there is nothing to divide by
    there is no number (NaN).

    The *boundary* columns count, by the same formulas, the places where one token ends
    and the next begins without white space between. One boundary more or less is one
    boundary, but two or three words; places that nobody could miss (white space, the
    ends of the text) are not counted.

    Parameters
    ----------
    segmenters
        At least two of: a segmenter's name; the options of `segment` that decide where
        it cuts, ``{"segmenter": "jieba", "hmm": False, "dictionary": "official"}``,
        with a ``label`` if wanted; in a mapping from labels also `Tokens` of this
        corpus that are already made.
    lexicon
        Adds the tables ``frames`` and ``terms``.
    reference
        The label of the one that the others are compared with; the first by default.
    most
        How many words at most ``words`` lists for each segmenter.

    Returns
    -------
    agreement
        One row per segmenter other than the reference: ``reference, segmenter,
        documents, reference_words, segmenter_words, agreed_words, word_precision,
        word_recall, word_f1``, and the same for boundaries: ``reference_boundaries,
        segmenter_boundaries, agreed_boundaries, boundary_precision, boundary_recall,
        boundary_f1``. Punctuation marks are words here, as in the bakeoff.
    words
        One row per segmenter and word of the reference that it cuts otherwise, most
        frequent first: ``segmenter, word, reference_count, segmenter_count`` (how often
        the word is a token of each), ``cut_otherwise`` (of the reference's, how many the
        segmenter cut otherwise), ``other_cutting`` (the tokens it has there, most often:
        ``未/成年人`` where it cuts finer, ``环境保护`` for 环境 where it joins) and
        ``times`` (how often so).
    frames
        One row per segmenter, the reference included, and frame of the lexicon:
        ``segmenter, frame, text_hits`` (what `find` finds in the text), ``on_boundaries``
        (hits that begin and end where tokens do), ``one_token`` (of these, hits that are
        one token) and ``cut`` (hits that begin or end inside a token);
        ``text_hits`` = ``on_boundaries`` + ``cut``.
    terms
        The same, one row per segmenter, frame and term that is found, with ``cutting``
        (the tokens that hold the term, most often) and ``times`` (how often so).

    Notes
    -----
    Why count terms in the text: a count of tokens that equal a term sees ``one_token``
    hits alone. It loses a term that a segmenter takes apart (净网 → 净/网), a term of
    several words (网络生态), and a term that a token swallows or straddles (``cut``:
    环境保护未成年人 → 环境保护/未成年人 holds 环境 only inside of a token). How much is
    lost depends on the segmenter, its dictionary and the words around; so a change of
    wording can look like a change of frequency.

    Raises
    ------
    MissingStep
        If ``corpus`` is not a `Corpus`.
    InputError
        Naming everything that is wrong with the arguments at once: fewer than two
        segmenters, unknown names, options or labels, a wrong language, tokens of
        another corpus or with removed tokens, a faulty dictionary.

    >>> corpus = Corpus(pd.DataFrame({"id": ["a"], "date": ["2021"], "language": ["zh"], "text": ["保护未成年人"]}))
    >>> compared = compare_segmenters(corpus, ["jieba", "characters"])
    >>> compared.agreement[["reference_words", "segmenter_words", "agreed_words", "boundary_recall"]].values.tolist()
    [[2.0, 6.0, 0.0, 1.0]]
    >>> compared.words[["word", "cut_otherwise", "other_cutting"]].values.tolist()
    [['保护', 1, '保/护'], ['未成年人', 1, '未/成/年/人']]
    """
    if not isinstance(corpus, Corpus):
        raise MissingStep(
            f"compare_segmenters takes a Corpus, not {type(corpus).__name__}: make one with read_corpus or Corpus(table)."
        )
    chosen = _checked(corpus, segmenters, lexicon, reference, most)
    first = reference if reference is not None else next(iter(chosen))
    texts: list[str] = corpus.table["text"].tolist()
    base = _Cut(_made(corpus, chosen[first]))
    hits = None if lexicon is None else _Hits(corpus, find(corpus, lexicon))
    agreement: list[dict[str, Any]] = []
    words: list[pd.DataFrame] = []
    terms: list[pd.DataFrame] = []
    for label, made in chosen.items():
        cut = base if label == first else _Cut(_made(corpus, made))
        if cut is not base:
            agreed = base.also_in(cut)
            agreement.append({"reference": first, "segmenter": label} | _agreement(base, cut, agreed))
            words.append(_words(base, cut, agreed, texts, most).assign(segmenter=label))
        if hits is not None:
            terms.append(_terms(hits, cut, texts).assign(segmenter=label))
    found = _joined(terms, ("segmenter", "frame", "term", *_HIT_COUNTS, "cutting", "times"))
    return SegmenterAgreement(
        pd.DataFrame(agreement),
        _joined(words, _WORD_COLUMNS),
        _frames(found, list(chosen), [] if lexicon is None else [f.name for f in lexicon.frames]),
        found,
    )


# --------------------------------------------------------------------- arguments


def _checked(corpus: Corpus, segmenters: Any, lexicon: Any, reference: Any, most: Any) -> dict[str, Made]:
    """Label → options of `segment`, or tokens; every fault at once."""
    faults: list[Fault] = []
    if isinstance(segmenters, Mapping):
        pairs = [(str(label), item) for label, item in segmenters.items()]
    elif isinstance(segmenters, Sequence) and not isinstance(segmenters, str):
        pairs = [("", item) for item in segmenters]
    else:
        pairs = []
    if len(pairs) < 2:
        faults.append(
            Fault("compare_segmenters", "segmenters", shown(segmenters), "at least two, as in ['jieba', 'characters']")
        )
    chosen: dict[str, Made] = {}
    for number, (label, item) in enumerate(pairs, start=1):
        where = f"segmenter {number}"
        made: Made
        if isinstance(item, str):
            made = {"segmenter": item}
        elif isinstance(item, Mapping):
            made = {k: v for k, v in item.items() if k != "label"}
            label = label or str(item.get("label", ""))
        elif isinstance(item, Tokens) and label:
            made = item
        else:
            accepted = "a name, a mapping of options; tokens with their label, {'mine': tokens}"
            faults.append(Fault(where, "", shown(item), accepted))
            continue
        label = label or _label({} if isinstance(made, Tokens) else made)
        if label in chosen:
            faults.append(Fault(where, "label", f"{label!r} a second time", "each label once: {…, 'label': 'mine'}"))
        chosen[label] = made
        faults += (
            _token_faults(corpus, made, where) if isinstance(made, Tokens) else _option_faults(corpus, made, where)
        )
    folded = sorted({bool(made.recipe.get("fold")) if isinstance(made, Tokens) else False for made in chosen.values()})
    if len(folded) > 1:
        faults.append(
            Fault("segmenters", "fold", "folded and unfolded tokens", "one kind, so that their words can be counted")
        )
    if reference is not None and reference not in chosen:
        faults.append(Fault("compare_segmenters", "reference", shown(reference), ", ".join(chosen) or "a label"))
    if lexicon is not None and not isinstance(lexicon, Lexicon):
        received = f"a {type(lexicon).__name__}"
        faults.append(Fault("compare_segmenters", "lexicon", received, "a Lexicon (read_lexicon, make_lexicon)"))
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        faults.append(Fault("compare_segmenters", "most", shown(most), "a whole number of at least 1"))
    raise_faults("compare_segmenters", faults)
    return chosen


def _label(options: Mapping[str, Any]) -> str:
    """``jieba, hmm=False``: the segmenter and what is not as usual."""
    parts = [str(options.get("segmenter") or "by language")]
    for name, value in options.items():
        if name != "segmenter" and value is not None:
            parts.append(f"{name}={'own words' if isinstance(value, Mapping) else value}")
    return ", ".join(parts)


def _option_faults(corpus: Corpus, options: Mapping[str, Any], where: str) -> list[Fault]:
    faults = [Fault(where, "option", shown(o), ", ".join(_OPTIONS)) for o in options if o not in _OPTIONS]
    name = options.get("segmenter")
    if not isinstance(name, str | None):
        return [*faults, Fault(where, "segmenter", shown(name), "the name of a segmenter")]
    try:
        languages = sorted(set(corpus.table["language"]))
        refused = [] if name is None else sorted(set(languages) - set(language_of(name)))
        if refused:
            accepted = f"one for {', '.join(languages)}; or select a language of the corpus"
            faults.append(Fault(where, "segmenter", f"{name}, which is not for {', '.join(refused)}", accepted))
    except InputError as error:
        faults += [Fault(where, f.field, f.received, f.accepted) for f in error.faults]
    plain = name is not None and name not in JIEBA
    for option in ("dictionary", "hmm"):
        if plain and option in options:
            faults.append(Fault(where, option, f"with {shown(name)}", f"only with {', '.join(JIEBA)}"))
    if "hmm" in options and not isinstance(options["hmm"], bool):
        faults.append(Fault(where, "hmm", shown(options["hmm"]), "True or False"))
    if options.get("dictionary") is not None:
        try:
            read_dictionary(options["dictionary"])
        except InputError as error:
            faults += error.faults
        except TifaError as error:
            faults.append(Fault(where, "dictionary", shown(options["dictionary"]), str(error)))
    return faults


def _token_faults(corpus: Corpus, tokens: Tokens, where: str) -> list[Fault]:
    faults = []
    same = tokens.documents["id"].tolist() == corpus.table["id"].tolist()
    if tokens.recipe.get("corpus") != corpus.digest or not same:
        faults.append(Fault(where, "tokens", "tokens of another corpus", f"segment() of the corpus {corpus.name}"))
    removed = int((tokens.ids < 0).sum())
    if removed:
        faults.append(Fault(where, "tokens", f"{removed:,} removed tokens", "tokens as segment() makes them"))
    return faults


def _made(corpus: Corpus, made: Made) -> Tokens:
    return made if isinstance(made, Tokens) else segment(corpus, **made)


# ------------------------------------------------------------------------- spans


def _found(keys: Ints, places: Ints) -> tuple[Ints, Mask]:
    """Where each place is, or would be, in the sorted ``keys``, and whether it is there."""
    at = np.searchsorted(keys, places)
    there = np.zeros(places.size, dtype=bool)
    inside = at < keys.size
    there[inside] = keys[at[inside]] == places[inside]
    return at, there


class _Cut:
    """Tokens as spans in one long row of places: statement × 2³² + offset."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        rows = np.arange(tokens.document_offsets.size - 1, dtype=np.int64) << 32
        row: Ints = np.repeat(rows, np.diff(tokens.document_offsets))
        self.starts: Ints = np.add(row, tokens.starts, dtype=np.int64)
        self.ends: Ints = np.add(row, tokens.ends, dtype=np.int64)

    def also_in(self, other: _Cut) -> Mask:
        """Which tokens are tokens of ``other``, from the same start to the same end."""
        found, there = _found(other.starts, self.starts)
        there[there] = other.ends[found[there]] == self.ends[there]
        return there

    def boundaries(self) -> Ints:
        """Where a token ends and the next begins, without white space between."""
        following = self.starts[1:]
        touching: Ints = following[following == self.ends[:-1]]
        return touching

    def overlapping(self, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
        """The first token that reaches into each span, and the one after the last."""
        return np.searchsorted(self.ends, starts, side="right"), np.searchsorted(self.starts, ends)

    def commonest(self, group: Ints, starts: Ints, ends: Ints, texts: Sequence[str]) -> dict[int, tuple[str, int]]:
        """For each group of spans how the tokens there most often look, ``未/成年人``, and how often.

        Of cuttings equally frequent the one that comes first in the corpus.
        """
        first, last = self.overlapping(starts, ends)
        columns = [group, last - first]
        for k in range(int((last - first).max(initial=0))):
            inside = first + k < last
            ids = np.full(first.size, -1, dtype=np.int64)
            ids[inside] = self.tokens.ids[first[inside] + k]
            columns.append(ids)
        _, example, times = np.unique(np.stack(columns, axis=1), axis=0, return_index=True, return_counts=True)
        best: dict[int, tuple[str, int]] = {}
        for i in np.lexsort((example, -times)).tolist():
            span, name = int(example[i]), int(group[example[i]])
            if name not in best:
                text = texts[int(starts[span] >> 32)]
                tokens = range(int(first[span]), int(last[span]))
                pieces = [text[self.tokens.starts[t] : self.tokens.ends[t]] for t in tokens]
                best[name] = "/".join(pieces), int(times[i])
        return best


# ------------------------------------------------------------------------ tables


def _agreement(reference: _Cut, cut: _Cut, agreed: Mask) -> dict[str, Any]:
    theirs, ours = reference.boundaries(), cut.boundaries()
    return {
        "documents": len(cut.tokens.documents),
        **_scores("word", reference.starts.size, cut.starts.size, int(agreed.sum()), "words"),
        **_scores("boundary", theirs.size, ours.size, int(_found(ours, theirs)[1].sum()), "boundaries"),
    }


def _scores(name: str, reference: int, segmenter: int, agreed: int, plural: str) -> dict[str, Any]:
    def share(part: int, whole: int) -> float:
        return part / whole if whole else float("nan")

    return {
        f"reference_{plural}": reference,
        f"segmenter_{plural}": segmenter,
        f"agreed_{plural}": agreed,
        f"{name}_precision": share(agreed, segmenter),
        f"{name}_recall": share(agreed, reference),
        f"{name}_f1": share(2 * agreed, reference + segmenter),
    }


def _words(reference: _Cut, cut: _Cut, agreed: Mask, texts: Sequence[str], most: int) -> pd.DataFrame:
    vocabulary, ids = reference.tokens.vocabulary, reference.tokens.ids
    total = np.bincount(ids, minlength=len(vocabulary))
    otherwise = np.bincount(ids[~agreed], minlength=len(vocabulary))
    # The vocabulary is sorted: a stable sort leaves words of the same count in its order.
    listed = np.argsort(-otherwise, kind="stable")[:most]
    listed = listed[otherwise[listed] > 0]
    chosen = np.zeros(len(vocabulary), dtype=bool)
    chosen[listed] = True
    spans = np.flatnonzero(~agreed & chosen[ids])
    group = ids[spans].astype(np.int64)
    best = cut.commonest(group, reference.starts[spans], reference.ends[spans], texts)
    names = [vocabulary[i] for i in listed.tolist()]
    number = {word: i for i, word in enumerate(cut.tokens.vocabulary)}
    counted = np.append(np.bincount(cut.tokens.ids, minlength=len(number)), 0)
    return pd.DataFrame(
        {
            "word": names,
            "reference_count": total[listed],
            "segmenter_count": counted[[number.get(word, -1) for word in names]],
            "cut_otherwise": otherwise[listed],
            "other_cutting": [best[i][0] for i in listed.tolist()],
            "times": [best[i][1] for i in listed.tolist()],
        }
    )


class _Hits:
    """Hits as spans, and the frame and term that each belongs to."""

    def __init__(self, corpus: Corpus, hits: pd.DataFrame) -> None:
        row = pd.Index(corpus.table["id"]).get_indexer(hits["document"]).astype(np.int64) << 32
        self.starts: Ints = row + hits["start"].to_numpy()
        self.ends: Ints = row + hits["end"].to_numpy()
        groups = hits.groupby(["frame", "term"], observed=True, sort=True)
        self.group: Ints = groups.ngroup().to_numpy().astype(np.int64)
        self.names = groups.size().index.to_frame(index=False).astype("str")


def _terms(hits: _Hits, cut: _Cut, texts: Sequence[str]) -> pd.DataFrame:
    first, begins = _found(cut.starts, hits.starts)
    last, ends = _found(cut.ends, hits.ends)
    on = begins & ends

    def counted(mask: Mask) -> Ints:
        return np.bincount(hits.group[mask], minlength=len(hits.names))

    best = cut.commonest(hits.group, hits.starts, hits.ends, texts)
    return hits.names.assign(
        text_hits=counted(np.ones(on.size, dtype=bool)),
        on_boundaries=counted(on),
        one_token=counted(on & (first == last)),
        cut=counted(~on),
        cutting=[best[i][0] for i in range(len(hits.names))],
        times=[best[i][1] for i in range(len(hits.names))],
    )


def _frames(terms: pd.DataFrame, labels: list[str], frames: list[str]) -> pd.DataFrame:
    every = pd.MultiIndex.from_product([labels, frames], names=["segmenter", "frame"])
    summed = terms.groupby(["segmenter", "frame"])[list(_HIT_COUNTS)].sum()
    return summed.reindex(every, fill_value=0).astype("int64").reset_index()


def _joined(tables: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]  # an empty one would make floats of the others' counts
    if not filled:
        return pd.DataFrame({c: pd.Series(dtype="int64" if c in _COUNTS else "str") for c in columns})
    return pd.concat(filled, ignore_index=True)[list(columns)]
