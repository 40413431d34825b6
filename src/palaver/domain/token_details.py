"""What providers tell of an answer token by token: ids, and how likely each one was.

The shapes of what is shown are the contract's (§3.4).
"""

from typing import Any, Literal

from palaver.domain.frozen import Frozen

TokenRow = list[Any]
"""``[logprob, id, alternatives or null]``, where an alternative is ``[logprob, id, text]``."""


class TopLogprob(Frozen):
    """A token that could have stood in a place. ``bytes`` is null where nobody told them."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class TokenLogprob(TopLogprob):
    """The token that does stand there, with the likeliest ones, as many as were asked for."""

    top_logprobs: list[TopLogprob]


class Logprobs(Frozen):
    """How likely the tokens of one answer were. Of refusals no provider's library tells it."""

    content: list[TokenLogprob] | None = None
    refusal: list[TokenLogprob] | None = None


class TokenDetails(Frozen):
    """All that was told of the tokens of one answer; what was not asked for is null."""

    logprobs: Logprobs | None = None
    rows: list[TokenRow] | None = None


class TurnTokens(Frozen):
    """What one side said in a run: an answer of the model with its tokens, or a tool's return."""

    role: Literal["assistant", "tool"]
    content: str | None = None
    output_ids: list[int] | None = None
    output_token_logprobs: list[TokenRow] | None = None
    tool_name: str | None = None
