"""What a test tells about a value: in both branches, after an early way out, and where the ways meet again."""

from __future__ import annotations

import pytest

from tests.facts.interpreting import BYTES, HEAD, SIGNED, UNIT, UNKNOWN, at_sink, facts_of

SHOW = "save_image(x, 'x.png')"
# Each body stands in a function of x; the arguments are what it is called with, and the ranges what is then shown.
SAMPLES = "torch.randint(0, 256, (3, 8, 8), dtype=torch.uint8)"


def shown(body: str, argument: str = "x") -> set[str]:
    indented = "\n    ".join(body.strip().splitlines())
    return at_sink(f"import numpy as np\n\ndef show(x):\n    {indented}\n    {SHOW}\n\nshow({argument})\n")


SCALED_IF = [
    "if {test}:\n    x = x / 255",
    "x = x / 255 if {test} else x",
    "if not ({test}):\n    pass\nelse:\n    x = x / 255",
]
BYTE_TESTS = [
    "x.dtype == torch.uint8",
    "torch.uint8 == x.dtype",
    "x.dtype is torch.uint8",
    "x.dtype in (torch.uint8, torch.int16)",
    "not x.is_floating_point()",
    "not torch.is_floating_point(x)",
    "x.max() > 1",
    "x.max() > 1.5",
    "torch.max(x).item() > 1",
    "1 < x.max()",
    "isinstance(x, torch.Tensor) and x.dtype == torch.uint8",
    "torch.is_tensor(x) and x.max() > 2",
    "x.dtype != torch.float32",
    "x.dtype not in (torch.float16, torch.float32)",
]


@pytest.mark.parametrize("form", SCALED_IF)
@pytest.mark.parametrize("test", BYTE_TESTS)
def test_bytes_are_scaled_and_floats_are_not(test: str, form: str) -> None:
    assert shown(form.format(test=test), SAMPLES) == {UNIT}
    assert shown(form.format(test=test), "x") == {UNIT}


@pytest.mark.parametrize("test", BYTE_TESTS)
def test_a_value_that_may_be_either_is_scaled_where_it_is_bytes(test: str) -> None:
    head = f"if FLAG:\n    x = {SAMPLES}\n"
    assert shown(head + SCALED_IF[0].format(test=test)) == {UNIT}


SIGNED_TESTS = ["x.min() < 0", "0 > x.min()", "torch.min(x) < -0.5", "x.amin().item() < 0"]


@pytest.mark.parametrize("test", SIGNED_TESTS)
def test_what_reaches_below_zero_is_moved_up_and_the_rest_is_not(test: str) -> None:
    body = f"if FLAG:\n    x = x * 2 - 1\nif {test}:\n    x = (x + 1) / 2"
    assert shown(body) == {UNIT}


LEAVING = ["raise ValueError", "return"]


@pytest.mark.parametrize("leave", LEAVING)
def test_who_goes_on_has_not_been_sent_away(leave: str) -> None:
    assert shown(f"if FLAG:\n    x = {SAMPLES}\nif x.dtype == torch.uint8:\n    {leave}") == {UNIT}
    assert shown(f"if FLAG:\n    x = {SAMPLES}\nif x.max() <= 1:\n    {leave}") == {BYTES}


def test_a_loop_goes_on_only_with_what_it_did_not_skip() -> None:
    loop = f"for x in (x, {SAMPLES}):\n    if x.max() > 1:\n        continue\n    {SHOW}\n    break\nelse:\n    return"
    assert at_sink(f"def show(x):\n    {loop.replace(chr(10), chr(10) + '    ')}\nshow(x)\n") == {UNIT}


# --- facts about what was not known: only what is guaranteed, never what the writer means


def cast_range(body: str) -> str:
    """The guaranteed range of the parameter ``y`` where it is cast to bytes."""
    indented = "\n    ".join(body.strip().splitlines())
    text = f"import numpy as np\n\ndef to_bytes(y):\n    {indented}\n    return y.to(torch.uint8)\n"
    (cast,) = facts_of(text).seen.casts
    return str(getattr(cast.value, "hard", None))


CHECKS = [
    "assert y.min() >= 0 and y.max() <= 1",
    "assert 0 <= y.min() and y.max() <= 1",
    "assert y.min() >= 0\nassert y.max() <= 1",
    "assert torch.all((y >= 0) & (y <= 1))",
    "assert ((y >= 0) & (y <= 1)).all()",
    "assert (0 <= y).all() and (y <= 1).all(), 'range'",
    "assert np.all(np.logical_and(0 <= y, y <= 1))",
    "assert not (y.min() < 0 or y.max() > 1)",
    "assert not torch.any((y < 0) | (y > 1))",
    "if y.min() < 0 or y.max() > 1:\n    raise ValueError",
    "if (y > 1).any() or (y < 0).any():\n    return None",
    "if not torch.all((y >= 0) & (y <= 1)):\n    raise ValueError",
    "torch._assert(y.min() >= 0, 'low')\ntorch._assert(y.max() <= 1, 'high')",
    "torch._check(y.min() >= 0)\ntorch._check(y.max() <= 1)",
    "assert np.max(y) <= 1 and float(np.min(y)) >= 0",
    "assert 1 >= y.max() and y.min() > -0.0",
]


@pytest.mark.parametrize("check", CHECKS)
def test_a_checked_range_is_as_good_as_a_clamp(check: str) -> None:
    assert cast_range(f"{check}\ny = y * 255") == BYTES


NO_CHECKS = [
    "assert y.min() <= 1",
    "assert not (y.min() < 0 and y.max() > 1)",
    "assert torch.any((y >= 0) & (y <= 1))",
    "if y.max() > 1:\n    print('high')",
    "if y.max() <= 1:\n    print('fine')",
    "assert z.min() >= 0 and z.max() <= 1",
    "if FLAG:\n    assert y.min() >= 0 and y.max() <= 1",
    "assert y.min() >= LOW and y.max() <= HIGH",
    "assert y.mean() <= 1",
]


@pytest.mark.parametrize("check", NO_CHECKS)
def test_what_does_not_bound_every_value_is_no_check(check: str) -> None:
    assert cast_range(f"{check}\ny = y * 255") == "None"


def test_a_check_does_not_say_what_the_values_mean() -> None:
    assert at_sink("def show(y):\n    assert y.min() >= -1 and y.max() <= 1\n    save_image(y, 'y.png')\n") == {UNKNOWN}


KNOWN_BYTES = ["y.dtype == torch.uint8", "y.dtype is torch.uint8", "not y.dtype != torch.uint8"]


@pytest.mark.parametrize("test", KNOWN_BYTES)
def test_unknown_values_of_a_tested_dtype_are_bytes(test: str) -> None:
    text = f"def show(y):\n    if {test}:\n        y = y / 255\n        save_image(y, 'y.png')\n"
    assert at_sink(text) == {UNIT}


def test_a_picture_of_pil_holds_bytes_and_the_rest_stays_unknown() -> None:
    text = """
        from torchvision.transforms.functional import pil_to_tensor

        def show(y):
            if isinstance(y, Image.Image):
                save_image(pil_to_tensor(y).float() / 255, "y.png")
        """
    assert at_sink(text) == {UNIT}


# --- constants, configurations, match

CONSTANT_TESTS = [
    ("'normalize' == MODE", "MODE = 'normalize'"),
    ("MODE in ('normalize', 'scale')", "MODE = 'normalize'"),
    ("MODE is None", "MODE = None"),
    ("not MODE", "MODE = None"),
    ("len(MODE) == 2", "MODE = [1, 2]"),
    ("CONFIG['mode'] == 'normalize'", "CONFIG = {'mode': 'normalize'}"),
    ("CONFIG.get('mode', 'none') != 'none'", "CONFIG = dict(mode='normalize')"),
    ("MODE > 1 and MODE < 3", "MODE = 2"),
    ("MODE.startswith('norm')", "MODE = 'normalize'"),
]


@pytest.mark.parametrize(("test", "before"), CONSTANT_TESTS)
def test_what_is_constant_decides(test: str, before: str) -> None:
    assert at_sink(f"{before}\nif {test}:\n    x = x * 2 - 1\n{SHOW}\n") == {SIGNED}


MATCHES = [
    "match MODE:\n    case 'a' | 'b':\n        x = x * 2 - 1\n    case _:\n        x = x * 255",
    "match MODE:\n    case 'c':\n        x = x * 255\n    case 'b':\n        x = x * 2 - 1",
    "match MODE:\n    case 'c':\n        x = x * 255\n    case other if other == 'b':\n        x = x * 2 - 1",
    "match x:\n    case Image.Image():\n        x = x * 255\n    case torch.Tensor():\n        x = x * 2 - 1",
    "match 3:\n    case int() as n:\n        x = x * (n - 1) - 1",
]


@pytest.mark.parametrize("text", MATCHES)
def test_a_match_goes_into_the_case_that_fits(text: str) -> None:
    assert at_sink(f"MODE = 'b'\n{text}\n{SHOW}\n") == {SIGNED}


def test_a_match_of_something_unknown_goes_every_way() -> None:
    text = f"match MODE:\n    case 'a':\n        x = x * 2 - 1\n    case [first, *rest]:\n        x = first\n{SHOW}\n"
    assert at_sink(text) == {UNIT, SIGNED, UNKNOWN}


def test_the_head_has_a_picture_in_the_unit_range() -> None:
    assert at_sink(SHOW) == {UNIT} and "x = " in HEAD
