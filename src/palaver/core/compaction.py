"""Compaction: what is said of a window's beginning instead of it, and whether that is better.

A compaction is a generator of *wants*, as the turn is: it asks for summaries, and decides. What it
comes to fits the model, is smaller than what was there and parts no call from its return, or it is
refused: then the window stays as it is.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from palaver.core import summaries
from palaver.core.cutting import Cut, Layout, Limits, orphans
from palaver.core.estimate import tokens_of
from palaver.core.summaries import Summarize, Summary
from palaver.core.window import Window
from palaver.domain.agent import CompactionMode, CompactionSettings
from palaver.domain.entry import Entry
from palaver.domain.message import CompactionStats
from palaver.domain.part import Text
from palaver.errors import (
    CompactionFailed,
    ContextOverflow,
    LLMError,
    NothingToCompact,
    PromptTooLong,
)

Trigger = Literal["post_step_context_check", "context_window_exceeded", "requested"]
"""Why a window is compacted: it is full, its provider has said so, or somebody wants it."""

TRIES = 2
"""How many summaries are tried for one compaction."""

_MODES: dict[CompactionMode, tuple[CompactionMode, ...]] = {
    "all": ("all",),
    "sliding_window": ("sliding_window", "all"),
    "self_compact_all": ("self_compact_all", "self_compact_sliding_window", "all"),
    "self_compact_sliding_window": ("self_compact_sliding_window", "all"),
}
"""What is tried for each mode, one after the other."""

_REFUSED = 16  # of the tokens that its provider has refused, one in so many may stay
_LEAST = 64  # tokens that a summary needs at least

Plan = tuple[CompactionMode, Cut]


@dataclass(frozen=True, slots=True)
class Compacted:
    """A window that is better than it was: how it is cut, and what stands for what left it."""

    cut: Cut
    summary: str
    stats: CompactionStats

    def entry(self, blank: Entry) -> Entry:
        """`blank` as the entry of the summary."""
        parts = (Text(text=self.summary),)
        return blank.model_copy(update={"parts": parts, "compaction": self.stats})


def merged(own: CompactionSettings | None, asked: CompactionSettings | None) -> CompactionSettings:
    """An agent's settings with those that somebody asks for now.

    Another mode comes with its own prompt, unless one is asked for with it.
    """
    settings = own or CompactionSettings()
    if asked is None:
        return settings
    changes = {name: getattr(asked, name) for name in asked.model_fields_set}
    if changes.get("mode", settings.mode) != settings.mode:
        changes = {"prompt": None, **changes}
    return settings.model_copy(update=changes)


@dataclass(frozen=True, slots=True)
class Compaction:
    """A window to be compacted. `other` is a blank one of the model that sums up."""

    window: Window
    other: Window
    settings: CompactionSettings
    trigger: Trigger = "requested"

    def carry(self) -> Generator[Summarize, str, Compacted]:
        """Compact the window.

        Raises `NothingToCompact` where nothing can be left out (`ContextOverflow` if the provider
        has refused the window), `PromptTooLong` where nothing fits beside the system text,
        `CompactionFailed` where no summary is good enough, and what the last one has failed with.
        """
        plans = self.plans()
        if not plans:
            raise self._hopeless()
        failure, shrink = LLMError(""), 1
        for n in range(TRIES):
            mode, cut = plans[min(n, len(plans) - 1)]
            try:
                summary = yield from self._summary(mode, cut, n, shrink)
                return self.applied(cut, summary)
            except CompactionFailed as error:
                failure = error
            except ContextOverflow as error:
                failure, shrink = error, summaries.SMALLER
                plans = [plan for plan in plans if not _is_own(plan[0])] or plans
            except LLMError as error:
                failure = error
        raise type(failure)(
            f"The conversation could not be summed up, and stays as it is. {failure}",
            detail=failure.detail,
            retry_after=failure.retry_after,
        )

    def plans(self) -> list[Plan]:
        """What to try, in order. A model cannot sum up a window itself that it cannot read."""
        layout, limits = Layout.of(self.window), self.limits()
        readable = self.trigger != "context_window_exceeded" and not self.window.is_full
        found: list[Plan] = []
        for mode in _MODES[self.settings.mode]:
            if _is_own(mode) and not readable:
                continue
            share = self.settings.sliding_window_percentage
            slides = mode.endswith("sliding_window")
            at = layout.sliding(share, limits) if slides else layout.last(limits)
            if at is not None:
                found.append((mode, layout.cut(at)))
        return found

    def limits(self) -> Limits:
        """The tokens that may stay, so that a summary has room beside them."""
        window, share = self.window, 1 - self.settings.sliding_window_percentage
        most = self._room - _LEAST
        frame = tokens_of(window.frame, window.per_byte)
        if self.trigger == "context_window_exceeded":  # nobody knows how much it takes
            little = frame + window.estimate / _REFUSED
            return Limits(most, little, little, little)
        tail = frame + share * (min(self._room, window.estimate) - frame)
        return Limits(most, share * (window.tokens or window.estimate), most, tail)

    def applied(self, cut: Cut, said: str) -> Compacted:
        """The compaction with this summary, if it is good enough, or `CompactionFailed`."""
        before = self.window
        clipped = summaries.clipped(said, self.settings.clip_chars)
        if _with(before, cut, clipped).estimate >= before.estimate:
            raise CompactionFailed("The summary was longer than what it would stand for.")
        beside = int((self._room - _with(before, cut, "").estimate) / before.per_byte)
        summary = summaries.fitted(clipped, beside)
        after = _with(before, cut, summary)
        if not summary or orphans(after.entries) - orphans(before.entries):
            raise CompactionFailed("The summary was empty; ask again, or choose another model.")
        stats = CompactionStats(
            trigger=self.trigger,
            context_window=before.tokens,
            messages_count_before=len(before.entries) + 1,
            messages_count_after=len(after.entries) + 1,
            context_tokens_before=before.estimate,
            context_tokens_after=after.estimate,
        )
        return Compacted(cut, summary, stats)

    @property
    def _room(self) -> int:
        """The tokens that the window may have."""
        return self.window.room or self.window.estimate

    def _summary(self, mode: CompactionMode, cut: Cut, n: int, shrink: int) -> Summary:
        """Try number `n`: after the model that sums up, the conversation's own is asked."""
        if _is_own(mode):
            return (yield from summaries.own(self.window, self.settings))
        blank = self.other if n == 0 else self.window.blank
        return (yield from summaries.told(cut.evicted, blank, self.settings, shrink))

    def _hopeless(self) -> NothingToCompact | ContextOverflow:
        """Why the window cannot be cut."""
        window = self.window
        frame = tokens_of(window.frame, window.per_byte)
        if 0 < window.tokens <= frame:
            return PromptTooLong(
                f"The system text and the tools take {frame} of {window.tokens} tokens; shorten "
                "the blocks, or raise context_window_limit."
            )
        if self.trigger == "context_window_exceeded":
            return ContextOverflow(
                "The window is too full for its model, and there is nothing in it to compact; "
                "send less at once, or choose a model that takes more."
            )
        return NothingToCompact()


def _is_own(mode: CompactionMode) -> bool:
    """Whether the conversation's own model sums up, in its own window."""
    return mode.startswith("self_compact")


def _with(before: Window, cut: Cut, summary: str) -> Window:
    """The window as it would be with this summary."""
    parts = (Text(text=summary),)
    entry = before.entries[-1].model_copy(update={"role": "summary", "parts": parts})
    return cut.window(before, entry)
