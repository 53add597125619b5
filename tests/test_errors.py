import pickle
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import Fault, InputError, MissingStep, TifaError, TifaWarning, raise_faults, shown, warn

FAULT = Fault("a.md", "date", "'soon'", "YYYY")


def test_a_fault_says_file_field_received_and_accepted():
    assert str(FAULT) == "a.md, date: received 'soon'; accepted: YYYY"
    assert str(Fault("a.md", "", "nothing", "a text")) == "a.md: received nothing; accepted: a text"


def test_every_fault_is_kept_and_the_first_twenty_are_printed():
    faults = [Fault(f"row {i}", "id", "''", "a name") for i in range(25)]
    with pytest.raises(InputError) as caught:
        raise_faults("corpus x", iter(faults), "Mend these.")
    message = str(caught.value)
    assert caught.value.faults == tuple(faults)
    assert message.startswith("corpus x: 25 faults\n")
    assert "row 19," in message
    assert "row 20," not in message
    assert "and 5 more" in message
    assert message.endswith("\nMend these.")


def test_one_fault_is_one_fault():
    assert str(InputError("x", [FAULT])).startswith("x: 1 fault\n")


def test_no_faults_raise_nothing():
    raise_faults("x", [])
    raise_faults("x", iter(()))


def test_errors_survive_a_worker_process():
    error = pickle.loads(pickle.dumps(InputError("x", [FAULT], "Mend it.")))
    assert (error.subject, error.faults, error.next_step) == ("x", (FAULT,), "Mend it.")
    assert str(error) == str(InputError("x", [FAULT], "Mend it."))


def test_who_catches_value_errors_catches_ours():
    assert issubclass(InputError, ValueError)
    assert issubclass(MissingStep, ValueError)
    assert issubclass(InputError, TifaError)
    assert issubclass(MissingStep, TifaError)


@given(st.text(st.characters(), max_size=100))
def test_what_is_shown_is_one_short_line_that_can_be_printed(text):
    line = shown(text)
    assert len(line) <= 61
    assert len(line.splitlines()) == 1
    line.encode("utf-8")


def test_a_warning_points_at_the_line_that_called():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn("few documents")
    assert [(w.category, str(w.message), w.filename) for w in caught] == [(TifaWarning, "few documents", __file__)]


def test_a_warning_from_deep_inside_points_outside_the_package():
    inside = {"__name__": "analysis.invented", "warn": warn}
    exec("def deep():\n    warn('x')\ndef shallow():\n    deep()\n", inside)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        inside["shallow"]()
    assert [w.filename for w in caught] == [__file__]
