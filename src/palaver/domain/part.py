"""Parts: what one side said, piece by piece, in the order it was said.

A part may carry a *seal*: whatever its provider attached to it (an id, a signature, encrypted
text) and wants back unchanged with the next request. Nobody but the provider's adapter reads it,
except that the API shows ``signature``.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from palaver.domain.frozen import Frozen


class UrlImage(Frozen):
    """An image that the provider fetches."""

    type: Literal["url"] = "url"
    url: str


class Base64Image(Frozen):
    """An image in the message itself."""

    type: Literal["base64"] = "base64"
    media_type: str
    data: str
    detail: str | None = None


class LettaImage(Frozen):
    """An image as the retired server listed it: a file id, perhaps with the data inline."""

    type: Literal["letta"] = "letta"
    file_id: str
    media_type: str | None = None
    data: str | None = None
    detail: str | None = None


ImageSource = Annotated[UrlImage | Base64Image | LettaImage, Field(discriminator="type")]


class Text(Frozen):
    """Plain words."""

    type: Literal["text"] = "text"
    text: str
    seal: dict[str, Any] | None = None


class Image(Frozen):
    """A picture."""

    type: Literal["image"] = "image"
    source: ImageSource


class Reasoning(Frozen):
    """Words from the model, meant for itself."""

    type: Literal["reasoning"] = "reasoning"
    text: str
    seal: dict[str, Any] | None = None


class HiddenReasoning(Frozen):
    """Reasoning that the provider does not show: encrypted (redacted) or left out (omitted)."""

    type: Literal["hidden_reasoning"] = "hidden_reasoning"
    state: Literal["redacted", "omitted"]
    data: str | None = None
    seal: dict[str, Any] | None = None


Gate = Literal["client", "approval"]
"""What a call waits for: that the client carries it out, or that somebody approves of it."""


class ToolCall(Frozen):
    """A call that the model asks for. ``arguments`` is JSON text, as the model wrote it.

    One with a ``gate`` is answered by a client before the conversation goes on.
    """

    type: Literal["tool_call"] = "tool_call"
    call_id: str
    name: str
    arguments: str
    gate: Gate | None = None
    seal: dict[str, Any] | None = None

    def failed(self, why: str) -> "ToolReturn":
        """What it comes to where it is not carried out."""
        return ToolReturn(call_id=self.call_id, name=self.name, status="error", content=why)


class ToolReturn(Frozen):
    """What a call came to."""

    type: Literal["tool_return"] = "tool_return"
    call_id: str
    name: str = ""
    status: Literal["success", "error"]
    content: str | list[Text | Image]
    stdout: list[str] | None = None
    stderr: list[str] | None = None

    @property
    def text(self) -> str:
        """Its words, without pictures."""
        return self.content if isinstance(self.content, str) else text_of(self.content)


class Verdict(Frozen):
    """A yes or no to a call that waits for it."""

    type: Literal["verdict"] = "verdict"
    call_id: str
    approve: bool
    reason: str | None = None


Part = Annotated[
    Text | Image | Reasoning | HiddenReasoning | ToolCall | ToolReturn | Verdict,
    Field(discriminator="type"),
]


def text_of(parts: Iterable[Part], between: str = "") -> str:
    """The words that are said in parts, one after the other."""
    return between.join(part.text for part in parts if isinstance(part, Text))
