"""A call that a tool rule wants next: who is told so, and how. The tools that are offered stay."""

from typing import Any

import pytest

from palaver.domain.model_settings import AnthropicModelSettings, AnthropicThinking
from palaver.domain.tool import ToolSpec
from palaver.providers.catalog import Catalog
from tests.fakes.provider import FakeProvider
from tests.providers.talk import (
    CHAT,
    CONVERSE,
    GEMINI,
    INVOKE,
    LOOK,
    MESSAGES,
    RESPONSES,
    ROWS,
    VERTEX,
    body,
    handle_of,
)
from tests.providers.test_settings_everywhere import ON_CHAT

LISTEN = ToolSpec(name="listen", description="Listen.")
TOOLS = (LOOK, LISTEN)
THINKING = AnthropicModelSettings(thinking=AnthropicThinking(type="enabled"))

FORCED: dict[str, tuple[Any, Any]] = {
    CHAT: ({"type": "function", "function": {"name": "look"}}, "required"),
    RESPONSES: ({"type": "function", "name": "look"}, "required"),
    MESSAGES: ({"type": "tool", "name": "look"}, {"type": "any"}),
    INVOKE: ({"type": "tool", "name": "look"}, {"type": "any"}),
    CONVERSE: ({"tool": {"name": "look"}}, {"any": {}}),
    GEMINI: ({"mode": "ANY", "allowedFunctionNames": ["look"]}, {"mode": "ANY"}),
    VERTEX: ({"mode": "ANY", "allowed_function_names": ["look"]}, {"mode": "ANY"}),
}


def choice_in(sent: dict[str, Any]) -> Any:
    """What the body of a request says of the tools to choose from."""
    if "toolConfig" not in sent:
        return sent.get("tool_choice")
    return sent["toolConfig"].get("toolChoice") or sent["toolConfig"]["functionCallingConfig"]


def tools_in(sent: dict[str, Any]) -> Any:
    """The tools in the body of a request."""
    return sent["tools"] if "tools" in sent else sent["toolConfig"]["tools"]


@pytest.mark.parametrize("model", FORCED)
async def test_a_model_is_told_which_tool_to_call(
    fake: FakeProvider, models: Catalog, model: str
) -> None:
    free = await body(fake, models, model, tools=TOOLS)
    one = await body(fake, models, model, tools=TOOLS, must_call=("look",))
    any_ = await body(fake, models, model, tools=TOOLS, must_call=("look", "listen"))

    assert (choice_in(one), choice_in(any_)) == FORCED[model]
    assert choice_in(free) not in FORCED[model]
    assert tools_in(free) == tools_in(one) == tools_in(any_)


@pytest.mark.parametrize("model", [MESSAGES, INVOKE])
async def test_a_model_of_anthropics_that_thinks_is_not_told(
    fake: FakeProvider, models: Catalog, model: str
) -> None:
    asked: dict[str, Any] = {"settings": THINKING, "tools": TOOLS}

    free = await body(fake, models, model, **asked)
    sent = await body(fake, models, model, must_call=("look",), **asked)

    assert sent == free


@pytest.mark.parametrize(("name", "kind"), ON_CHAT)
async def test_nobody_refuses_it_with_the_usual_settings(
    fake: FakeProvider, everybody: Catalog, name: str, kind: type[Any]
) -> None:
    asked: dict[str, Any] = {"settings": kind(), "tools": TOOLS, "must_call": ("look",)}

    assert len(tools_in(await body(fake, everybody, handle_of(name), **asked))) == 2


@pytest.mark.parametrize("name", ROWS)
async def test_nobody_refuses_a_request_that_wants_a_call(
    fake: FakeProvider, everybody: Catalog, name: str
) -> None:
    free = await body(fake, everybody, handle_of(name), tools=TOOLS)
    sent = await body(fake, everybody, handle_of(name), tools=TOOLS, must_call=("look",))

    assert tools_in(sent) == tools_in(free)
