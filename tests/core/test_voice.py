"""Words that are arguments of a tool come out as they were meant, however they are cut up."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.core.voice import NAME, SENT, SPEC, Voice, answer, is_echo, words_in
from palaver.domain.part import ToolReturn
from palaver.errors import ToolRefused

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
thoughts = st.dictionaries(st.sampled_from(["thinking", "why", 'x"message": "']), words)


def heard(arguments: str, cuts: list[int]) -> str:
    """What a voice says that hears the arguments in pieces."""
    voice, edges = (
        Voice(),
        sorted({0, len(arguments), *(cut % (len(arguments) + 1) for cut in cuts)}),
    )
    return "".join(voice.hear(arguments[a:b]) for a, b in pairwise(edges))


@given(words, thoughts, st.booleans(), st.lists(st.integers(0, 500)))
def test_words_come_out_as_they_were_meant(
    said: str, before: dict[str, str], ascii_only: bool, cuts: list[int]
) -> None:
    arguments = json.dumps({**before, "message": said, "last": said}, ensure_ascii=ascii_only)

    assert words_in(arguments) == said
    assert heard(arguments, cuts) == said


@given(st.text(st.sampled_from('{}"\\ :,messag\nudD8c0\0é')), st.lists(st.integers(0, 500)))
def test_what_is_broken_says_the_same_however_it_is_cut_up(text: str, cuts: list[int]) -> None:
    for arguments in (text, f'{{"message": "{text}'):
        said = words_in(arguments)
        assert heard(arguments, cuts) == said
        assert said.encode().decode() == said
        assert "\0" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", ""),
        ("{}", ""),
        ('{"message": 3}', ""),
        ('{"other": "x"}', ""),
        ('{"message": ""}', ""),
        ('{"message": "half a sen', "half a sen"),
        ('{"message": "cut in an escape \\', "cut in an escape "),
        ('{"message": "half a face \\ud83d', "half a face "),
        ('{"message": "\\ud83d\\ude00!"}', "😀!"),
        ('{"message":\n "two\nlines"}', "two\nlines"),
    ],
)
def test_some_arguments(arguments: str, said: str) -> None:
    assert words_in(arguments) == said


@pytest.mark.parametrize("arguments", [{}, {"message": ""}, {"message": 3}, {"text": "Hi"}])
def test_saying_nothing_is_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ToolRefused, match="must be what you say"):
        answer(arguments)


def test_the_return_is_an_echo_unless_it_tells_something() -> None:
    assert SPEC.name == NAME
    back = ToolReturn(call_id="c", name=NAME, status="success", content=answer({"message": "Hi"}))
    assert back.content == SENT
    assert is_echo(back)
    assert not is_echo(back.model_copy(update={"content": "No."}))
    assert not is_echo(back.model_copy(update={"name": "other"}))
