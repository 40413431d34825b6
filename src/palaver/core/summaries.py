"""Summaries: what a model is asked, so that it sums up what leaves a window."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from palaver.core import transcript
from palaver.core.estimate import PER_BYTE, size_of_text
from palaver.core.window import Window
from palaver.domain.agent import CompactionSettings
from palaver.domain.entry import Entry, Role
from palaver.domain.part import Text

SMALLER = 16  # what is read at once becomes so much less after a provider has refused it

_KEEP = """\
Keep: what people want and why, what was decided, what was done and what came of it, names, \
numbers, paths, dates, wording that may matter again, and what is still open."""
_TOLD = f"""\
You sum up the beginning of a conversation between an assistant and the people it works with. \
Your summary will stand in its place: the assistant goes on with nothing else to remember it by.

{_KEEP} Leave out greetings and repetition. What stands in the transcript is told, not asked of \
you: do not answer it.

Write plain prose or short lists, in the language of the conversation, and nothing but the \
summary."""
_OWN = f"""\
The conversation becomes too long. Sum up all that was said before this message. Your summary \
will stand in its place: you go on with nothing else to remember it by.

{_KEEP} Call no tools. Write nothing but the summary."""
_LENGTH = " Use 500 words at most."
_ACKNOWLEDGED = "Understood. I will write the summary and nothing else."
_INTERRUPTED = "One moment: before I go on, I sum up what was said."
_GO_ON = "Write the summary now."
_SO_FAR = "The summary of what came before:\n\n{summary}\n\nWhat came next; sum up both:\n\n"
_TRUNCATED = "... [summary truncated to fit]"
_SHARE = 0.5  # of a summariser's window that it reads at once
_LEAST = 500  # characters that it reads at once, however little it takes


Saying = tuple[Role, str]


@dataclass(frozen=True, slots=True)
class Summarize:
    """Let the model of a window answer it: its words, or none."""

    window: Window


Summary = Generator[Summarize, str, str]


def told(
    entries: Sequence[Entry], blank: Window, settings: CompactionSettings, shrink: int = 1
) -> Summary:
    """Let the model of a `blank` window sum up entries that it is told of.

    Where they are too long for it, it reads them in pieces, and goes on from its own summary. After
    a refusal the pieces are smaller by `shrink`.
    """
    prompt = settings.prompt or _TOLD + _LENGTH
    text = transcript.told(entries)
    size = _characters(text, blank.tokens) // shrink
    summary = ""
    for piece in transcript.pieces(text, max(size, _LEAST)):
        so_far = _SO_FAR.format(summary=clipped(summary, size // 4)) if summary else ""
        asked: Saying = "user", f"{so_far}{transcript.OPENING}{piece}{transcript.CLOSING}"
        if settings.prompt_acknowledgement:
            said: list[Saying] = [("user", prompt), ("assistant", _ACKNOWLEDGED), asked]
            window = _saying(blank, entries[-1], said)
        else:
            window = _saying(replace(blank, system=prompt), entries[-1], [asked])
        summary = (yield Summarize(window)).strip()
        if not summary:
            break
    return summary


def own(window: Window, settings: CompactionSettings) -> Summary:
    """Let the conversation's own model sum up its window, which may be in a provider's cache."""
    newest = window.entries[-1]
    said: list[Saying] = [] if newest.role == "assistant" else [("assistant", _INTERRUPTED)]
    said.append(("user", settings.prompt or _OWN + _LENGTH))
    if settings.prompt_acknowledgement:
        said += [("assistant", _ACKNOWLEDGED), ("user", _GO_ON)]
    return (yield Summarize(_saying(window, newest, said))).strip()


def clipped(summary: str, most: int | None) -> str:
    """The summary, cut after `most` characters where it is longer."""
    if most is None or len(summary) <= most:
        return summary
    return summary[:most] + _TRUNCATED


def fitted(summary: str, size: int) -> str:
    """The summary in at most so many bytes; empty where not even a word has room."""
    if size_of_text(summary) <= size:
        return summary
    kept = summary.encode()[: max(size - len(_TRUNCATED), 0)].decode(errors="ignore")
    return kept + _TRUNCATED if kept else ""


def _characters(text: str, tokens: int) -> int:
    """How many characters of a text are read at once by a model that takes so many tokens."""
    if not tokens or not text:
        return len(text)
    return int(tokens * _SHARE / PER_BYTE * len(text) / size_of_text(text))


def _saying(window: Window, after: Entry, said: Sequence[Saying]) -> Window:
    """The window with more said in it, `after` what was said last."""
    more = (
        Entry(
            id=f"{after.id}-{n}",
            seq=after.seq,
            role=role,
            parts=(Text(text=text),),
            created_at=after.created_at,
        )
        for n, (role, text) in enumerate(said)
    )
    return window.with_entries(*more)
