"""`palaver conformance`: all that is chosen is tried, and told."""

import json
from collections.abc import Sequence

import click

from palaver.conformance import report
from palaver.conformance.running import SECTIONS, Conformance, chosen


def hold(base_url: str, api_key: str, model: str, only: Sequence[str], as_json: bool) -> int:
    """Try a server and tell what came of it; the exit code: 0 if every check holds, else 1."""
    checks = chosen(only)
    if not checks:
        raise click.UsageError(f"--only chooses nothing; sections are {', '.join(SECTIONS)}.")
    findings = []
    section = ""
    with Conformance(base_url, api_key, model) as server:
        for finding in server.findings(checks):
            findings.append(finding)
            if as_json:
                continue
            if finding.check.section != section:
                section = finding.check.section
                click.echo(section)
            click.echo(report.in_words(finding))
    if as_json:
        click.echo(json.dumps(report.as_json(base_url, findings), indent=2, default=str))
    else:
        click.echo("\n" + report.summary(findings))
    return 0 if all(one.holds for one in findings) else 1
