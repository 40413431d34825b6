"""What a caller wants done with one send, after HTTP and addressing are behind it."""

import json
from typing import Self

from palaver.core.prompt import Skill
from palaver.domain.conversation import Address
from palaver.domain.entry import Entry
from palaver.domain.frozen import Frozen
from palaver.domain.ids import ProjectId
from palaver.domain.run import OnBusy, RequestConfig

_KEPT = {
    "inputs", "max_steps", "tokens", "override_model", "override_system", "skills", "logprobs",
    "token_ids",
}  # fmt: skip


class Send(Frozen):
    """One send. `inputs` are not numbered yet.

    `tokens` asks for fragments as they come; otherwise each message is shown when it is whole.
    `logprobs` and `token_ids` ask what `palaver.domain.llm.ChatRequest` says.
    Sends with the same `key` are one; `fingerprint` tells whether they ask for the same.
    """

    project: ProjectId
    address: Address
    inputs: tuple[Entry, ...] = ()
    max_steps: int = 50
    tokens: bool = False
    background: bool = False
    override_model: str | None = None
    override_system: str | None = None
    skills: tuple[Skill, ...] = ()
    logprobs: int | None = None
    token_ids: bool = False
    config: RequestConfig | None = None
    key: str | None = None
    fingerprint: str | None = None
    on_busy: OnBusy = "reject"

    @classmethod
    def recalled(cls, request: str | None, project: ProjectId, address: Address) -> Self:
        """A send from what was kept of it."""
        kept = json.loads(request) if request else {}
        return cls.model_validate({**kept, "project": project, "address": address})

    def request(self, *, inputs: bool = False) -> str:
        """What has to be kept so that another process can carry it out, as JSON.

        The inputs are wanted only while they do not stand in the conversation.
        """
        kept = _KEPT if inputs else _KEPT - {"inputs"}
        return self.model_dump_json(include=kept, exclude_none=True)
