"""What is told of the tokens of a run's answers, gathered from where it is kept: its steps.

So a send that is repeated, after a restart or through another process, is told the same.
"""

from collections.abc import Iterator, Mapping, Sequence

from palaver.api.sse import LettaResponse
from palaver.domain.entry import Entry
from palaver.domain.ids import ProjectId
from palaver.domain.part import ToolReturn
from palaver.domain.token_details import TokenRow, TurnTokens
from palaver.store import entries, steps
from palaver.store.db import Tx


def with_tokens(tx: Tx, project: ProjectId, run_id: str, answer: LettaResponse) -> LettaResponse:
    """The answer of a run with the likelihoods of its last words, and with its turns."""
    done = [step for step in steps.all_of_run(tx, project, run_id) if step.status == "success"]
    last = done[-1].token_details if done else None
    told = {step.id: step.token_details for step in done if step.token_details is not None}
    rows = {step_id: details.rows for step_id, details in told.items() if details.rows is not None}
    said = entries.all_of_run(tx, project, run_id) if rows else []
    return answer.model_copy(
        update={
            "logprobs": last.logprobs if last is not None else None,
            "turns": list(_turns(said, rows)) if rows else None,
        }
    )


def _turns(said: Sequence[Entry], rows: Mapping[str, list[TokenRow]]) -> Iterator[TurnTokens]:
    for entry in said:
        if entry.role == "tool":
            for part in entry.parts:
                if isinstance(part, ToolReturn):
                    yield TurnTokens(role="tool", tool_name=part.name, content=part.text)
        elif entry.role == "assistant" and entry.step_id is not None:  # not an input
            told = rows.get(entry.step_id)
            yield TurnTokens(
                role="assistant",
                content=entry.text or None,
                output_ids=None if told is None else [row[1] for row in told],
                output_token_logprobs=told,
            )
