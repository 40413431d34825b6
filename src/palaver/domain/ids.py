"""Ids: a word for the kind, a dash, and a lower-case uuid4.

The first 48 bits are a millisecond clock, so that rows insert in the order they were made; the
rest keeps the exact shape of a uuid4 (version 4, variant 8 to b), which clients check. Ids that
come from elsewhere may tell no time, or another one.
"""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import StringConstraints

_UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UUID = re.compile(_UUID4)
_CLOSE = 60.0  # seconds by which an id may miss the time of what it names
_PARTS_OF_A_MESSAGE = 128  # an otid has seven bits for the part (contract §1.7)
_HEX = tuple(f"{n:02x}" for n in range(256))
_HIGH_BIT = {text: n & _PARTS_OF_A_MESSAGE for n, text in enumerate(_HEX)}


def _id(prefix: str) -> StringConstraints:
    return StringConstraints(pattern=f"^{prefix}-{_UUID4}$")


AgentId = Annotated[str, _id("agent")]
ArchiveId = Annotated[str, _id("archive")]
BatchId = Annotated[str, _id("job")]
BlockId = Annotated[str, _id("block")]
ConversationId = Annotated[str, _id("conv")]
FileId = Annotated[str, _id("file")]
FolderId = Annotated[str, _id("source")]
GroupId = Annotated[str, _id("group")]
IdentityId = Annotated[str, _id("identity")]
McpServerId = Annotated[str, _id("mcp_server")]
MessageId = Annotated[str, _id("message")]
PassageId = Annotated[str, _id("passage")]
ProviderId = Annotated[str, _id("provider")]
RunId = Annotated[str, _id("run")]
StepId = Annotated[str, _id("step")]
ToolId = Annotated[str, _id("tool")]
ProjectId = str
"""Who owns a row. Never named by a caller: it follows from the key (one default project so far)."""

ConversationName = Annotated[
    str, StringConstraints(pattern=f"^(default|(conv|agent)-{_UUID4})$", max_length=42)
]
"""How a path may name a conversation: its id, ``default``, or (deprecated) its agent's id."""

DEFAULT_PROJECT: ProjectId = "project-00000000-0000-4000-8000-000000000000"


def shape(prefix: str, millis: int, noise: int) -> str:
    """An id made of a millisecond clock (48 bits) and 74 bits of noise, as a uuid4."""
    high = (millis & (1 << 48) - 1) << 80 | 4 << 76 | (noise >> 62 & 0xFFF) << 64
    low = 2 << 62 | noise & (1 << 62) - 1
    return f"{prefix}-{uuid.UUID(int=high | low)}"


def named(prefix: str, name: str) -> str:
    """The id of something of palaver's own: it follows from a name, and is the same everywhere."""
    return shape(prefix, 0, uuid.uuid5(uuid.NAMESPACE_URL, f"palaver:{name}").int)


def is_id(prefix: str, text: str) -> bool:
    """Whether a text is an id of a kind."""
    return re.fullmatch(f"{prefix}-{_UUID4}", text) is not None


def first(prefix: str, moment: datetime, shift: int = 0) -> str:
    """The first id that could be minted at a `moment`, or so many milliseconds later."""
    return shape(prefix, max(0, int(moment.timestamp() * 1000) + shift), 0)


def sorted_as(id: str, created_at: datetime) -> str:
    """What sorts by time among ids: the id itself, if it tells when its thing was created.

    Before another one goes that moment, as precisely as ids tell it.
    """
    utc = created_at if created_at.tzinfo else created_at.replace(tzinfo=UTC)
    prefix, _, rest = id.partition("-")
    digits = rest.replace("-", "")
    if _UUID.fullmatch(rest) and abs(int(digits[:12], 16) / 1000 - utc.timestamp()) < _CLOSE:
        return id
    millis, micros = divmod(max(0, (utc - _EPOCH) // timedelta(microseconds=1)), 1000)
    clock = f"{millis:012x}"
    return f"{prefix}-{clock[:8]}-{clock[8:]}-4{(micros << 12) // 1000:03x}-{digits}"


def otid_of(message_id: str, part: int) -> str:
    """The name of one part of a stored message: its uuid with the part in the low seven bits.

    Raises `ValueError` for a part that seven bits cannot hold.
    """
    if not 0 <= part < _PARTS_OF_A_MESSAGE:
        raise ValueError(f"a message has at most {_PARTS_OF_A_MESSAGE} parts")
    return message_id[len("message-") : -2] + _HEX[_HIGH_BIT[message_id[-2:]] | part]
