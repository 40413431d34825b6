"""Intakes: what became of things that were led elsewhere and are brought here."""

from dataclasses import dataclass, field
from typing import Any, Literal

Noun = Literal[
    "agents", "blocks", "tools", "mcp_servers", "archives", "passages", "conversations", "messages",
    "groups", "folders", "files", "identities",
]  # fmt: skip
Fate = Literal["added", "changed", "there"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was not taken in: what, by its name or its id, and why."""

    noun: Noun
    name: str
    reason: str


@dataclass(slots=True)
class Intake:
    """What was taken in, counted; what was not; and what somebody may want to look at."""

    counts: dict[Noun, dict[Fate, int]] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    agent_ids: list[str] = field(default_factory=list)

    def count(self, noun: Noun, fate: Fate, more: int = 1) -> None:
        """Count things that were added or changed, or were there already."""
        fates = self.counts.setdefault(noun, {})
        fates[fate] = fates.get(fate, 0) + more
        if not fates[fate]:
            del fates[fate]

    def refuse(self, noun: Noun, name: str, reason: str) -> None:
        """Note that something was not taken in."""
        self.refused.append(Refusal(noun, name, reason))

    def join(self, other: "Intake") -> None:
        """Add what became of others."""
        for noun, fates in other.counts.items():
            for fate, more in fates.items():
                self.count(noun, fate, more)
        self.refused += other.refused
        self.remarks += other.remarks
        self.agent_ids += other.agent_ids

    @property
    def is_whole(self) -> bool:
        """Whether nothing was refused."""
        return not self.refused

    def told(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "agent_ids": self.agent_ids,
            "counts": self.counts,
            "refused": [
                {"noun": one.noun, "name": one.name, "reason": one.reason} for one in self.refused
            ],
            "remarks": self.remarks,
        }

    def in_words(self) -> str:
        """It for people: a line for each noun, each refusal and each remark."""
        lines = [
            f"{noun:14}" + ", ".join(f"{n} {_WORDS[fate]}" for fate, n in fates.items())
            for noun, fates in self.counts.items()
            if fates
        ]
        lines += [f"refused: {one.name} ({one.noun}): {one.reason}" for one in self.refused]
        return "\n".join([*lines, *(f"note: {one}" for one in self.remarks)])


_WORDS: dict[Fate, str] = {"added": "added", "changed": "changed", "there": "already there"}
