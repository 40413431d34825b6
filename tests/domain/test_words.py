"""Texts are cut into words, and what is asked for finds them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.domain.words import MOST_WORDS, asked, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat, the CAT!", ["the", "cat"]),
        ("don't snake_case x2", ["don", "t", "snake", "case", "x2"]),
        ("Straße CAFÉ İstanbul", ["strasse", "cafe", "istanbul"]),
        ("猫が好き。", ["猫が", "が好", "好き", "き"]),
        ("GPT は良い", ["gpt", "は良", "良い", "い"]),
        ("\uff46ull ㎏", ["full", "kg"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("🙂 …", []),
    ],
)
def test_a_text_is_cut(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("my dog's NAME", ["my", "dog*", "s", "name*"]),
        ("猫", ["猫*"]),
        ("好き?", ["好き"]),
        ("\"'():* AND", ["and*"]),
        ("--", []),
    ],
)
def test_a_question_asks_for_words(question: str, words: list[str]) -> None:
    assert asked(question) == words


@given(before=st.text(), said=st.text(min_size=1), after=st.text())
def test_what_was_said_is_found_again(before: str, said: str, after: str) -> None:
    found = words_of(f"{before} {said} {after}")

    for word in asked(said):
        begun = word.removesuffix("*")
        assert begun in found or (word != begun and any(one.startswith(begun) for one in found))


@given(st.text(max_size=1000))
def test_a_text_is_cut_the_same_beside_another_script(text: str) -> None:
    assert words_of(f"{text} 雨") == list(dict.fromkeys([*words_of(text), "雨"]))


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_words_hold_nothing_that_a_query_language_knows(text: str) -> None:
    for word in [*words_of(text), *(one.removesuffix("*") for one in asked(text))]:
        assert not set(word) & set("\"'`\\*()^:+-~@&|!<> \t\n\0")
        assert 1 <= len(word) <= 64


def test_a_long_question_is_not_asked_in_full() -> None:
    assert len(asked(" ".join(f"word{n}" for n in range(1000)))) == MOST_WORDS
