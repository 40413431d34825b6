"""What a caller wants done with one send, after HTTP and addressing are behind it."""

from dataclasses import dataclass, field

from palaver.core.prompt import Skill
from palaver.domain.conversation import Address
from palaver.domain.entry import Entry
from palaver.domain.ids import ProjectId
from palaver.domain.run import RequestConfig


@dataclass(frozen=True, slots=True)
class Send:
    """One send. `inputs` are not numbered yet.

    `tokens` asks for fragments as they come; otherwise each message is shown when it is whole.
    """

    project: ProjectId
    address: Address
    inputs: tuple[Entry, ...]
    max_steps: int = 50
    tokens: bool = False
    background: bool = False
    override_model: str | None = None
    override_system: str | None = None
    skills: tuple[Skill, ...] = ()
    config: RequestConfig = field(default_factory=RequestConfig)
