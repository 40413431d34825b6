"""Questions to an agent's model over HTTP, past the agent."""

from typing import Annotated, Any

from pydantic import StringConstraints

from palaver.api import routing
from palaver.api.deps import Caller, Rooms
from palaver.api.problems import FROM_PROVIDER
from palaver.domain.frozen import Frozen
from palaver.domain.ids import AgentId
from palaver.domain.message import Usage
from palaver.domain.model_settings import JsonSchemaFormat
from palaver.engine import generating
from palaver.engine.choosing import Opened
from palaver.engine.generating import Inquiry
from palaver.store import agents
from palaver.store.db import Tx

router = routing.router("/v1/agents/{agent_id}/generate", "agents")


class Prompt(Frozen):
    """What the model is asked, and which; with a schema its answer is JSON that follows it."""

    prompt: Annotated[str, StringConstraints(min_length=1)]
    system_prompt: str | None = None
    override_model: str | None = None
    response_schema: dict[str, Any] | None = None

    @property
    def inquiry(self) -> Inquiry:
        """The same, as the engine asks it."""
        schema = self.response_schema
        return Inquiry(
            prompt=self.prompt,
            system=self.system_prompt or "",
            model=self.override_model,
            form=None if schema is None else JsonSchemaFormat(json_schema=schema),
        )


class PromptAnswer(Frozen):
    """What the model has said. Whether it keeps to a schema is between it and its provider."""

    content: str
    model: str
    usage: Usage


@router.post("", responses=FROM_PROVIDER)
async def generate(agent_id: AgentId, body: Prompt, caller: Caller, rooms: Rooms) -> PromptAnswer:
    """Ask an agent's model without its prompt, blocks, tools and history. Nothing is kept."""

    def read(tx: Tx) -> Opened:
        return Opened(agents.get(tx, caller.project, agent_id), (), None)

    opened = await rooms.db.read(read)
    said = await generating.generate(rooms.catalog, opened, body.inquiry)
    return PromptAnswer(content=said.text, model=str(said.handle), usage=said.usage)
