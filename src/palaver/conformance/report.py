"""What a server is told of itself: in words, or as JSON."""

from collections.abc import Sequence
from typing import Any

from palaver.conformance.checks import Finding

_MOST = 300  # characters of what was seen


def as_json(base_url: str, findings: Sequence[Finding]) -> dict[str, Any]:
    """All findings, with all that was seen."""
    return {
        "base_url": base_url,
        "passed": sum(one.holds for one in findings),
        "failed": sum(not one.holds for one in findings),
        "checks": [
            {
                "section": one.check.section,
                "name": one.check.name,
                "holds": one.holds,
                "error": one.error,
                "sights": [
                    {"what": s.what, "expected": s.expected, "seen": s.seen, "holds": s.holds}
                    for s in one.sights
                ],
            }
            for one in findings
        ],
    }


def in_words(finding: Finding) -> str:
    """A line for a check that holds; more for one that does not."""
    if finding.holds:
        return f"  ok    {finding.check.name}"
    lines = [f"  FAIL  {finding.check.name}"]
    for sight in finding.sights:
        if not sight.holds:
            lines.append(f"        {sight.what}")
            lines.append(f"          expected  {_short(sight.expected)}")
            lines.append(f"          seen      {_short(sight.seen)}")
    if finding.error is not None:
        lines.append(f"        broken off  {_short(finding.error)}")
    elif not finding.sights:
        lines.append("        nothing was seen")
    return "\n".join(lines)


def summary(findings: Sequence[Finding]) -> str:
    """How many checks hold, section by section."""
    sections = list(dict.fromkeys(one.check.section for one in findings))
    lines = []
    for section in sections:
        held = [one.holds for one in findings if one.check.section == section]
        lines.append(f"  {section:<14} {sum(held):>3} of {len(held)}")
    held = [one.holds for one in findings]
    return "\n".join([*lines, f"  {'all':<14} {sum(held):>3} of {len(held)}"])


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
