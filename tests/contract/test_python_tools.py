"""Python tools, from their source to their return, by the official clients."""

import pytest
from letta_client import BadRequestError, Letta

from tests.contract.conftest import Say
from tests.contract.test_tools import fresh
from tests.sandbox import places

OFFLINE = "palaver/offline"


def _source(name: str) -> str:
    return (
        f"import os\n\ndef {name}(size: int) -> dict:\n"
        '    """Measure."""\n'
        "    print('measuring')\n"
        "    return {'half': 12 / size, 'who': os.environ['WHO']}\n"
    )


def test_a_python_tool_is_made_attached_and_run(client: Letta, say: Say) -> None:
    name = fresh()
    tool = client.tools.create(source_code=_source(name))
    agent = client.agents.create(model=OFFLINE, include_base_tools=False, secrets={"WHO": "Ada"})
    if (fault := places.fault()) is not None:
        with pytest.raises(BadRequestError, match="needs a sandbox"):
            client.agents.tools.attach(tool.id, agent_id=agent.id)
        pytest.skip(f"no sandbox on this machine: {fault}")
    client.agents.tools.attach(tool.id, agent_id=agent.id)
    conversation = client.conversations.create(agent_id=agent.id).id

    turn = say(conversation, f'[[call: {name} {{"size": 24}}]]')
    run = client.agents.tools.run(name, agent_id=agent.id, args={"size": 24})
    failed = client.agents.tools.run(name, agent_id=agent.id, args={"size": 0})

    (back,) = [one for one in turn.messages if one.message_type == "tool_return_message"]
    assert (back.status, back.tool_return) == ("success", '{"half": 0.5, "who": "Ada"}')
    assert back.stdout == ["measuring"]
    assert (run.status, run.func_return) == ("success", back.tool_return)
    assert run.stdout == ["measuring"]
    assert (failed.status, failed.func_return) == ("error", None)
    assert failed.stderr is not None
    assert failed.stderr[0].endswith("ZeroDivisionError: division by zero")


def test_a_python_tool_that_wants_more_than_there_is_is_not_attached(
    client: Letta, agent: str
) -> None:
    state, packages = fresh(), fresh()
    takes_state = client.tools.create(
        source_code=f'def {state}(agent_state) -> str:\n    """Look."""\n    return ""\n',
        args_json_schema={"type": "object", "properties": {}},
    )
    requires = client.tools.create(
        source_code=_source(packages), pip_requirements=[{"name": "numpy"}]
    )

    with pytest.raises(BadRequestError, match="`agent_state`"):
        client.agents.tools.attach(takes_state.id, agent_id=agent)
    with pytest.raises(BadRequestError, match=r"PALAVER_TOOL_PACKAGES=1|needs a sandbox"):
        client.agents.tools.attach(requires.id, agent_id=agent)
