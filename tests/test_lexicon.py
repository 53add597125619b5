import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError, TifaError
from analysis.lexicon import make_lexicon, read_lexicon, selected, ties

SOUND = """\
title = "Two frames"

[purification]
label = { zh = "净化", en = "purification" }
definition = "Something is made clean."
false_friends.zh = ["水质净化"]

[purification.network]
terms.zh = [
  "净化 ... 网络",  # the network
  "净网",
]
terms.en = ["purif* ... online"]

[minors]
terms.zh = ["未成年人"]
"""


def written(tmp_path, content):
    path = tmp_path / "frames.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def faults_of(tmp_path, content):
    with pytest.raises(InputError) as caught:
        read_lexicon(written(tmp_path, content))
    return [str(fault).replace(str(tmp_path), "").lstrip("/\\") for fault in caught.value.faults]


def test_a_lexicon_is_read_in_the_order_of_its_file(tmp_path):
    lexicon = read_lexicon(written(tmp_path, SOUND))
    assert [f.name for f in lexicon.frames] == ["purification", "purification.network", "minors"]
    assert lexicon.names == ("purification.network", "minors")
    assert lexicon.tops == ("purification", "minors")
    assert [(p.language, p.source) for p in lexicon.frames[1].terms] == [
        ("zh", "净化 ... 网络"),
        ("zh", "净网"),
        ("en", "purif* ... online"),
    ]
    assert lexicon.label("purification", "zh") == "净化"
    assert lexicon.label("minors") == "minors"
    assert repr(lexicon) == "<Lexicon frames: purification, minors; 4 terms, 1 false friends>"
    assert "Something is made clean." in lexicon._repr_html_()


def test_windows_files_are_read(tmp_path):
    assert (
        read_lexicon(written(tmp_path, b"\xef\xbb\xbf" + SOUND.replace("\n", "\r\n").encode())).digest
        == read_lexicon(written(tmp_path, SOUND)).digest
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # a term that stands twice: in its frame, in another sub-frame, as a false friend
        ('"净网",', '"净网", "净网",', "frames.toml, line 11, frame purification.network, terms.zh: received '净网' a second time (first in purification.network, terms)"),
        ('"净网",', '"水质净化",', "frames.toml, line 11, frame purification.network, terms.zh: received '水质净化' a second time (first in purification, false_friends)"),
        # frames without terms
        ('terms.zh = ["未成年人"]', "", "frames.toml, line 15, frame minors: received no terms"),
        ("[minors]", "[purification.more]\n[minors]", "frames.toml, line 15, sub-frame purification.more: received no terms"),
        # bad patterns, where the text of one stands inside another
        ('"净网",', '"净网(",', "frames.toml, line 11, frame purification.network, terms.zh: received '净网(': brackets"),
        ('"净网",', '"净(化|网)",\n  "净(",', "frames.toml, line 12, frame purification.network, terms.zh: received '净(': brackets"),
        ('"净网",', "5,", "frames.toml, line 11, frame purification.network, terms.zh: received 5: something that is not text"),
        # unknown fields
        ('definition = "Some', 'definitoin = "Some', "frames.toml, line 5, frame purification: received a field 'definitoin'; accepted: label"),
        ("[purification.network]", "[purification.network]\ncolour = 1", "frames.toml, line 9, frame purification.network: received a field 'colour'"),
        ('title = "Two', 'tilte = "Two', "frames.toml, line 1, tilte: received 'Two frames'"),
        ('terms.zh = ["未成年人"]', 'terms.fr = ["mineurs"]', "frames.toml, line 16, frame minors, terms: received {'fr': ['mineurs']}; accepted: terms.zh and terms.en"),
        ('terms.zh = ["未成年人"]', 'terms.zh = "未成年人"', "frames.toml, line 16, frame minors, terms: received {'zh': '未成年人'}"),
        ('label = { zh = "净化", en = "purification" }', "label = 5", "frames.toml, line 4, frame purification, label: received 5"),
        ('definition = "Something is made clean."', "definition = 5", "frames.toml, line 5, frame purification, definition: received 5"),
        ("[minors]", '["minors and others"]', "frame: received 'minors and others'; accepted: a name of letters"),
        ("[minors]", '["minors.young"]', "frame: received 'minors.young'; accepted: a name of letters"),
        ("[minors]", "[purification.network.deep]", "frames.toml, line 8, frame purification.network: received a field 'deep'"),
        # no TOML
        ('terms.zh = ["未成年人"]', 'terms.zh = ["未成年人"', "(at "),
        ('"净网",', '"净网', "(at line 11"),
        ("[minors]", "[purification]", "(at line 15"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_line(tmp_path, old, new, expected):
    assert old in SOUND
    faults = faults_of(tmp_path, SOUND.replace(old, new))
    assert len(faults) == 1
    assert expected in faults[0]


def test_bytes_that_are_not_utf_8_are_named_with_their_line(tmp_path):
    content = SOUND.encode().replace("未成年人".encode(), "未成年人".encode("gb18030"))
    assert faults_of(tmp_path, content) == [
        "frames.toml, line 16: received bytes that are not UTF-8; accepted: a file saved as UTF-8"
    ]


def test_terms_in_a_table_of_their_own_are_found_too(tmp_path):
    content = '[a]\n[a.terms]\nzh = [\n  "净",\n  "(净",\n]\n[b.terms]\nen = ["-"]\n'
    assert [f.split(", frame")[0] for f in faults_of(tmp_path, content)] == [
        "frames.toml, line 5",
        "frames.toml, line 8",
    ]


def test_all_faults_are_listed(tmp_path):
    faults = faults_of(tmp_path, 'x = 1\n[a]\nterms.zh = ["(", "|", "净", "净"]\nbad = 1\n[b]\n')
    assert len(faults) == 6


def test_an_empty_file_has_no_frames(tmp_path):
    assert "frames: received none" in faults_of(tmp_path, 'title = "Nothing"\n')[0]


def test_a_missing_lexicon_says_what_there_is(tmp_path, monkeypatch):
    (tmp_path / "corpus" / "lexicons").mkdir(parents=True)
    (tmp_path / "corpus" / "lexicons" / "mine.toml").write_text(SOUND, encoding="utf-8")
    monkeypatch.setenv("TIFA_HOME", str(tmp_path))
    assert read_lexicon("mine").name == "mine"
    with pytest.raises(TifaError, match=r"There is: mine\.toml"):
        read_lexicon("yours")
    with pytest.raises(TifaError, match="is a folder"):
        read_lexicon(tmp_path)


def test_terms_made_on_the_spot_know_their_language():
    lexicon = make_lexicon({"p": ["净化", "purif*", "5G网络"], "m": "minors", "c": ("儿童",)})
    assert [[(p.language, p.source) for p in f.terms] for f in lexicon.frames] == [
        [("zh", "净化"), ("zh", "5G网络"), ("en", "purif*")],
        [("en", "minors")],
        [("zh", "儿童")],
    ]


def test_made_and_read_lexicons_are_the_same(tmp_path):
    made = make_lexicon(
        {
            "purification": {
                "false_friends": {"zh": ["水质净化"]},
                "network": {"terms": {"zh": ["净化 ... 网络", "净网"], "en": ["purif* ... online"]}},
            },
            "minors": ["未成年人"],
        }
    )
    assert made.digest == read_lexicon(written(tmp_path, SOUND)).digest


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ({}, "frames: received none"),
        (["净化"], "frames: received a list"),
        ({"p": []}, "frame p: received no terms"),
        ({"p": 5}, "p: received 5; accepted: a frame"),
        ({"p": None}, "p: received None"),
        ({"p": ["净", "净"]}, "a second time"),
        ({"p": [""]}, "an empty pattern"),
        ({"p": [5]}, "something that is not text"),
        ({"p": {"terms": ["净"]}}, "terms.zh and terms.en"),
        ({"p q": ["净"]}, "received 'p q'"),
        ({"p.q": ["净"]}, "received 'p.q'"),
        ({"": ["净"]}, "received ''"),
    ],
)
def test_frames_that_are_none_are_refused_with_one_reason(frames, message):
    with pytest.raises(InputError, match=r"1 fault\n") as caught:
        make_lexicon(frames)
    assert message in str(caught.value)


def test_the_digest_covers_what_is_searched_and_nothing_else(tmp_path):
    digest = read_lexicon(written(tmp_path, SOUND)).digest

    def changed(old, new):
        assert old in SOUND
        return read_lexicon(written(tmp_path, SOUND.replace(old, new))).digest

    for old, new in [
        ('en = "purification"', 'en = "cleaning"'),
        ("Something is made clean.", "Otherwise defined."),
        ("  # the network", ""),
        ('title = "Two frames"', 'version = "2"'),
        ('false_friends.zh = ["水质净化"]', 'false_friends = { zh = ["水质净化"] }'),
    ]:
        assert changed(old, new) == digest
    for old, new in [
        ('"净网"', '"净网行动"'),
        ('["水质净化"]', "[]"),
        ("[minors]", "[young]"),
        ('terms.zh = ["未成年人"]', 'terms.en = ["未成年人"]'),
    ]:
        assert changed(old, new) != digest


@given(st.permutations(["净化", "净网", "清朗"]))
def test_the_order_of_terms_counts_since_it_decides_ties(terms):
    same = make_lexicon({"p": terms}).digest == make_lexicon({"p": ["净化", "净网", "清朗"]}).digest
    assert same == (terms == ["净化", "净网", "清朗"])


def test_composed_and_decomposed_letters_are_one_term():
    assert make_lexicon({"p": ["caf\u00e9"]}).digest == make_lexicon({"p": ["cafe\u0301"]}).digest


def test_terms_that_can_never_win_are_listed():
    lexicon = make_lexicon({"p": {"terms": {"zh": ["(净化|清朗)"]}, "net": {"terms": {"zh": ["净化"]}}}, "q": ["净化"]})
    assert ties(lexicon) == [("p.net", "净化", "p: (净化|清朗)")]


def test_sub_frames_select_their_frame():
    lexicon = make_lexicon({"p": {"net": {"terms": {"zh": ["净化"]}}}, "q": ["百年"]})
    assert selected(lexicon, None) == ("p", "q")
    assert selected(lexicon, ["p.net", "p"]) == ("p",)
    with pytest.raises(InputError, match="received 'r'; accepted: p, q"):
        selected(lexicon, ["r"])
