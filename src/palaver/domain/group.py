"""Groups: agents that belong together, and how they are managed."""

from typing import Annotated, Literal

from pydantic import Field

from palaver.domain.frozen import Frozen

ManagedBy = Literal["round_robin", "supervisor", "dynamic", "sleeptime", "voice_sleeptime"]
GroupType = Literal[ManagedBy, "swarm"]
_Number = Annotated[int | None, Field(ge=0, le=2**31 - 1)]


class Managed(Frozen):
    """Who manages a group, and what else its type says of that."""

    manager_agent_id: str | None = None
    termination_token: str | None = None
    max_turns: _Number = None
    sleeptime_agent_frequency: _Number = None
    max_message_buffer_length: _Number = None
    min_message_buffer_length: _Number = None


class Group(Managed):
    """Agents in an order, and how they are managed. Agents that are gone are not among them."""

    id: str
    manager_type: GroupType
    agent_ids: list[str] = Field(default_factory=list)
    description: str
    project_id: str | None = None
    template_id: str | None = None
    base_template_id: str | None = None
    deployment_id: str | None = None
    shared_block_ids: list[str] = Field(default_factory=list)
    turns_counter: int | None = None
    last_processed_message_id: str | None = None
    hidden: bool | None = None
