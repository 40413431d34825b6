"""Tool rules: which tools a model may call next, from what the turn has called so far.

A turn begins with the newest thing that was said to the agent, and an answer to calls that have
waited goes on with it. All calls of a step are judged by what was known before it, as the model has
made them: it has not seen what any of them returns.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from pydantic import TypeAdapter

from palaver.core.window import Window
from palaver.domain.entry import Entry
from palaver.domain.part import ToolCall, ToolReturn
from palaver.domain.rule import (
    ChildToolRule,
    ConditionalToolRule,
    ContinueToolRule,
    InitToolRule,
    MaxCountPerStepToolRule,
    ParentToolRule,
    RequiredBeforeExitToolRule,
    TerminalToolRule,
    ToolRule,
)
from palaver.errors import Invalid

VIOLATION = "[ToolConstraintError]"
"""How the return of a call begins that may not be made now (behaviour §16.4)."""

_RULES: TypeAdapter[tuple[ToolRule, ...]] = TypeAdapter(tuple[ToolRule, ...])
_PYTHONS = {"True": "true", "False": "false", "None": "null"}


def read(kept: Iterable[Mapping[str, Any]] | None) -> tuple[ToolRule, ...]:
    """The rules of an agent, from what is kept of them."""
    return _RULES.validate_python(tuple(kept or ()))


def check(rules: Sequence[ToolRule]) -> None:
    """Raise `Invalid` for rules that no turn can follow together.

    Their tools need not be there: a client's are known only when it sends.
    """
    ends, goes_on = _named(rules, TerminalToolRule), _named(rules, ContinueToolRule)
    never = {
        one.tool_name
        for one in rules
        if isinstance(one, MaxCountPerStepToolRule) and not one.max_count_limit
    }
    late = {name for one in rules if isinstance(one, ParentToolRule) for name in one.children}
    first, required = _named(rules, InitToolRule), _named(rules, RequiredBeforeExitToolRule)
    for names, what in (
        (ends & goes_on, "cannot both end the turn (exit_loop) and go on with it (continue_loop)"),
        (required & never, "is required_before_exit and may not be called (max_count_per_step 0)"),
        (first & never, "has to be called first and may not be called (max_count_per_step 0)"),
        (first & late, "has to be called first, and only after another tool (parent_last_tool)"),
    ):
        if names:
            raise Invalid(f"tool_rules: {', '.join(sorted(names))} {what}; leave one of them out.")


@dataclass(frozen=True, slots=True)
class Course:
    """How far a turn has come, and what the rules make of that.

    `offered` are the names of the tools that the model is told of: rules about others are without
    effect, save that nothing can be called directly after them. `called` are those that were
    called, `last` what those of the newest step have returned. A call that was refused is in
    neither.
    """

    rules: tuple[ToolRule, ...] = ()
    offered: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    last: tuple[ToolReturn, ...] = ()

    @classmethod
    def of(cls, window: Window, rules: tuple[ToolRule, ...]) -> "Course":
        """The course of the turn whose entries are the last of the window."""
        return cls(rules, tuple(tool.name for tool in window.tools)).after(*window.entries)

    def after(self, *entries: Entry) -> "Course":
        """The course after more was said. What people say begins a turn; a reminder is ours."""
        course = self
        for entry in entries:
            if entry.is_input:
                course = replace(course, called=(), last=())
            elif entry.role == "tool":
                returns = (part for part in entry.parts if isinstance(part, ToolReturn))
                made = tuple(part for part in returns if not _is_refused(part))
                names = tuple(part.name for part in made)
                course = replace(course, called=course.called + names, last=made or course.last)
        return course

    @property
    def is_over(self) -> bool:
        """Whether a tool that ends the turn has returned, and has not failed, in the last step."""
        ends = _named(self.rules, TerminalToolRule)
        return any(part.name in ends and part.status == "success" for part in self.last)

    @property
    def missing(self) -> tuple[str, ...]:
        """The tools that have to be called before the turn may end, and were not."""
        required = _named(self.rules, RequiredBeforeExitToolRule) - {*self.called}
        return tuple(name for name in self.offered if name in required)

    @property
    def allowed(self) -> tuple[str, ...]:
        """The tools that may be called now, in the order in which they are offered."""
        wanted = self._wanted()
        names = self._usable() if wanted is None else self._usable() & wanted
        return tuple(name for name in self.offered if name in names)

    @property
    def must_call(self) -> bool:
        """Whether the next say of the model has to call one of those."""
        return self._wanted() is not None and bool(self.allowed)

    def facing(self, window: Window) -> Window:
        """The window as the model is asked now: what it may not call, and what it has to."""
        allowed = self.allowed
        barred = frozenset(self.offered).difference(allowed)
        return replace(window, barred=barred, must_call=allowed if self.must_call else ())

    def judge(
        self, calls: Sequence[ToolCall], given: Sequence[ToolReturn] = ()
    ) -> tuple[tuple[ToolCall, ...], tuple[ToolReturn, ...]]:
        """The calls with the arguments that rules give them, and the returns of those refused.

        `given` are the returns of the same step that are there already: they count.
        """
        allowed, refused = self.allowed, []
        counts = Counter([*self.called, *(part.name for part in given)])
        for call in calls:
            left = [name for name in allowed if counts[name] < self._limit(name)]
            if call.name in left:
                counts[call.name] += 1
            else:
                refused.append(self._refusal(call, left))
        return tuple(self._prefilled(call) for call in calls), tuple(refused)

    def is_ordered(self, calls: Sequence[ToolCall]) -> bool:
        """Whether the order matters in which these calls are carried out."""
        return not _in_order(self.rules).isdisjoint(call.name for call in calls)

    def _wanted(self) -> set[str] | None:
        """The tools of which one has to be next; None where any may be."""
        usable = self._usable()
        first = _named(self.rules, InitToolRule) & usable
        if first and not self.called:
            return first
        groups = [
            group
            for rule in self.rules
            for part in self.last
            if part.name == rule.tool_name and (group := _children(rule, part)) is not None
        ]
        return set().union(*groups) if groups else None

    def _usable(self) -> set[str]:
        """The tools that may be called as often as this, and directly after the last one."""
        last = {part.name for part in self.last}
        parents = [rule for rule in self.rules if isinstance(rule, ParentToolRule)]
        bound = {name for rule in parents for name in rule.children}
        free = {name for rule in parents if rule.tool_name in last for name in rule.children}
        counts = Counter(self.called)
        names = set(self.offered) - (bound - free)
        return {name for name in names if counts[name] < self._limit(name)}

    def _limit(self, name: str) -> float:
        """How often a turn may call a tool."""
        limits = (
            rule.max_count_limit
            for rule in self.rules
            if isinstance(rule, MaxCountPerStepToolRule) and rule.tool_name == name
        )
        return min(limits, default=inf)

    def _refusal(self, call: ToolCall, left: Sequence[str]) -> ToolReturn:
        known = f"`{call.name}` may not be called now"
        what = known if call.name in self.offered else f"There is no tool `{call.name}`"
        valid = ", ".join(left) or "none; answer without a call"
        return call.failed(f"{VIOLATION} {what}; valid tools: {valid}.")

    def _prefilled(self, call: ToolCall) -> ToolCall:
        """The call with the arguments that rules give it in the place of the model's."""
        given: dict[str, Any] = {}
        last = {part.name for part in self.last}
        for rule in self.rules:
            match rule:
                case InitToolRule() if rule.tool_name == call.name and not self.called:
                    given |= rule.args or {}
                case ChildToolRule(child_arg_nodes=list(nodes)) if rule.tool_name in last:
                    for node in nodes:
                        given |= (node.args or {}) if node.name == call.name else {}
        if not given:
            return call
        try:
            said = json.loads(call.arguments or "{}")
        except ValueError:
            return call
        if not isinstance(said, dict):
            return call
        return call.model_copy(update={"arguments": json.dumps({**said, **given})})


def _named(rules: Iterable[ToolRule], kind: type[Any]) -> set[str]:
    """The tools that rules of a kind are about."""
    return {rule.tool_name for rule in rules if isinstance(rule, kind)}


def _in_order(rules: Iterable[ToolRule]) -> set[str]:
    """The tools that rules about the order name."""
    names: set[str] = set()
    for rule in rules:
        match rule:
            case ChildToolRule() | ParentToolRule():
                names |= {rule.tool_name, *rule.children}
            case ConditionalToolRule():
                names |= {rule.tool_name, *rule.child_output_mapping.values()}
            case InitToolRule():
                names.add(rule.tool_name)
    return names


def _children(rule: ToolRule, part: ToolReturn) -> set[str] | None:
    """The tools of which a rule wants one after a return; None where it has nothing to say."""
    match rule:
        case ChildToolRule():
            return set(rule.children)
        case ConditionalToolRule():
            cases = {_spelled(case): child for case, child in rule.child_output_mapping.items()}
            child = cases.get(_spelled(part.text))
            if child is None and rule.require_output_mapping:
                return set()
            child = child or rule.default_child
            return {child} if child else None
        case _:
            return None


def _spelled(value: str) -> str:
    """A value so that `yes` and `"yes"`, and `True` and `true`, are the same."""
    text = value.strip()
    text = _PYTHONS.get(text, text)
    try:
        said = json.loads(text)
    except ValueError:
        return text
    return said if isinstance(said, str) else json.dumps(said, sort_keys=True)


def _is_refused(part: ToolReturn) -> bool:
    return part.status == "error" and part.text.startswith(VIOLATION)
