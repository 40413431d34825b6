from hypothesis import given
from hypothesis import strategies as st

from palaver.core.file_tools import CLIP, PER_PAGE, Grep, GrepFiles
from palaver.core.pieces import cut, lines_in, lines_of, view

TEXTS = st.text(alphabet="ab \n", max_size=300) | st.text(max_size=100)
SIZES = st.integers(2, 40)


def lines(text: str) -> list[str]:
    """The lines of a text, as an editor shows them."""
    return text.removesuffix("\n").split("\n") if text else []


@given(text=TEXTS, size=SIZES)
def test_pieces_joined_are_the_text(text: str, size: int) -> None:
    pieces = list(cut(text, size))

    assert "".join(piece.text for piece in pieces) == text
    assert all(len(piece.text) <= size for piece in pieces)
    assert all(len(piece.text) >= size // 2 for piece in pieces[:-1])
    at = 0
    for piece in pieces:
        assert piece.line == text.count("\n", 0, at) + 1
        at += len(piece.text)


@given(text=TEXTS, size=SIZES)
def test_lines_are_the_same_however_the_text_is_cut(text: str, size: int) -> None:
    assert list(lines_of(cut(text, size), 1000)) == list(enumerate(lines(text), start=1))
    assert lines_in(text) == len(lines(text))


@given(text=TEXTS, size=SIZES, most=st.integers(1, 10))
def test_of_a_long_line_there_is_its_beginning(text: str, size: int, most: int) -> None:
    shown = [line[: most + 1] for line in lines(text)]
    assert [line for _, line in lines_of(cut(text, size), most)] == shown


@given(
    text=TEXTS,
    size=SIZES,
    first=st.integers(1, 20),
    length=st.none() | st.integers(1, 20),
    most=st.integers(0, 200),
)
def test_a_view_is_a_part_of_the_lines(
    text: str, size: int, first: int, length: int | None, most: int
) -> None:
    pieces = list(cut(text, size))
    start = max((piece.line for piece in pieces if piece.line < first), default=1)
    stored = [piece for piece in pieces if piece.line >= start]
    last = None if length is None else first + length - 1
    wanted = lines(text)[first - 1 : last]

    seen = view(stored, first, last, most)

    assert len(seen.text) <= most
    if seen.is_cut:
        assert "\n".join(wanted).startswith(seen.text)
        assert len(seen.text) < len("\n".join(wanted)) or len(seen.lines) < len(wanted)
    else:
        assert seen.lines == wanted


def test_no_more_is_read_than_is_seen() -> None:
    pieces = cut("a" * 1000 + "\n" + "word " * 1000, 100)

    assert view(pieces, 1, None, 150).is_cut
    assert next(pieces).text == "a" * 100
    rest = view(cut("x\n" * 1000, 100), 1, 3, 1000)
    assert (rest.lines, rest.is_cut) == (["x", "x", "x"], False)


@given(
    matching=st.lists(st.booleans(), max_size=80),
    around=st.integers(0, 3),
    files=st.integers(1, 3),
)
def test_pages_of_matches_tile(matching: list[bool], around: int, files: int) -> None:
    text = [(n, "yes" if yes else "no") for n, yes in enumerate(matching, start=1)]
    found: list[tuple[int, int]] = []
    for page in range(20):
        asked = GrepFiles(pattern="yes", context_lines=around, offset=page * PER_PAGE)
        grep = Grep(lambda line: line == "yes", asked)
        for file in range(files):
            if not grep.is_full:
                grep.look(f"f{file}", text)
        at = 0
        for line in grep.shown:
            if line.startswith("[f"):
                at = int(line[2])
            elif line.startswith("> "):
                found.append((at, int(line[2:].split(":")[0])))
        if not grep.is_full:
            break

    wanted = [(file, n) for file in range(files) for n, line in text if line == "yes"]
    assert found == wanted


def test_what_stands_around_a_match_is_shown_once() -> None:
    text = [(n, str(n)) for n in range(1, 12)]
    grep = Grep(lambda line: line in ("2", "4", "9"), GrepFiles(pattern="x", context_lines=1))
    grep.look("f", text)
    grep.look("g", [(1, "9" * CLIP)])

    assert grep.shown == [
        "[f]", "  1: 1", "> 2: 2", "  3: 3", "> 4: 4", "  5: 5", "  …", "  8: 8", "> 9: 9",
        "  10: 10",
    ]  # fmt: skip
