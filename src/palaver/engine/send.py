"""What a caller wants done with one send, after HTTP and addressing are behind it."""

import json
from typing import Self

from palaver import clock
from palaver.core.prompt import Skill, with_skills
from palaver.domain.conversation import Address
from palaver.domain.entry import Entry
from palaver.domain.frozen import Frozen
from palaver.domain.ids import ProjectId
from palaver.domain.run import OnBusy, OnPending, RequestConfig, Run
from palaver.domain.tool import ToolSpec

_KEPT = {
    "inputs", "max_steps", "tokens", "override_model", "override_system", "skills", "client_tools",
    "approval_ttl", "logprobs", "token_ids", "on_busy", "on_pending", "compactions",
    "forgets",
}  # fmt: skip


class Send(Frozen):
    """One send. `inputs` are not numbered yet.

    `tokens` asks for fragments as they come; otherwise each message is shown when it is whole.
    `compactions` asks to be told of those of its window.
    `forgets` leaves what was said before out of the window, as some agents want it.
    `approval_ttl` is how many seconds its calls wait for an answer before they are denied.
    `logprobs` and `token_ids` ask what `palaver.domain.llm.ChatRequest` says. Sends with the same
    `key` are one; `fingerprint` tells whether they ask for the same.
    """

    project: ProjectId
    address: Address
    inputs: tuple[Entry, ...] = ()
    max_steps: int = 50
    tokens: bool = False
    compactions: bool = False
    background: bool = False
    override_model: str | None = None
    override_system: str | None = None
    skills: tuple[Skill, ...] = ()
    client_tools: tuple[ToolSpec, ...] = ()
    approval_ttl: float | None = None
    logprobs: int | None = None
    token_ids: bool = False
    config: RequestConfig | None = None
    callback_url: str | None = None
    key: str | None = None
    fingerprint: str | None = None
    on_busy: OnBusy = "reject"
    on_pending: OnPending = "reject"
    forgets: bool = False

    @property
    def answer(self) -> Entry | None:
        """Its first input, if that answers calls that wait."""
        first = self.inputs[0] if self.inputs else None
        return first if first is not None and first.role == "approval" else None

    @property
    def denies(self) -> bool:
        """Whether it denies calls that wait rather than be kept from going on."""
        return self.on_pending == "deny" or self.on_busy == "interrupt"

    @property
    def held(self) -> tuple[Entry, ...]:
        """The inputs that stand in the conversation only when the answer has been carried out."""
        return self.inputs[1:] if self.answer else ()

    def system(self, text: str) -> str:
        """Its system text, where the conversation's is `text`."""
        if self.override_system is not None:
            return self.override_system
        return with_skills(text, self.skills)

    def saying(self, *inputs: Entry) -> Self:
        """The same with other inputs."""
        return self.model_copy(update={"inputs": inputs})

    def new_run(self) -> Run:
        """A run of its own, not begun yet."""
        kind = "send_message" if self.address.is_default else "send_conversation_message"
        return Run(
            id=clock.mint("run"),
            agent_id=self.address.agent_id,
            conversation_id=self.address.shown_id,
            background=self.background,
            created_at=clock.now(),
            metadata={"run_type": kind},
            request_config=self.config,
            callback_url=self.callback_url,
        )

    @classmethod
    def recalled(cls, request: str | None, project: ProjectId, address: Address) -> Self:
        """A send from what was kept of it."""
        kept = json.loads(request) if request else {}
        return cls.model_validate({**kept, "project": project, "address": address})

    def request(self, *inputs: Entry) -> str:
        """What has to be kept so that another process can carry it out, as JSON.

        Of its inputs these have to be, which do not stand in the conversation yet.
        """
        return self.saying(*inputs).model_dump_json(include=_KEPT, exclude_none=True)
