from typing import Any

import pytest

from palaver.core.mcp_servers import MASK, changed, headers, read, shown
from palaver.errors import Invalid

REMOTE: dict[str, Any] = {
    "id": "mcp_server-1",
    "server_name": "far",
    "mcp_server_type": "streamable_http",
    "server_url": "https://mcp.example/mcp",
    "auth_token": "t0ken",
    "custom_headers": {"X-Key": "k3y"},
}
LOCAL: dict[str, Any] = {
    "id": "mcp_server-2",
    "server_name": "near",
    "mcp_server_type": "stdio",
    "command": "serve",
    "args": ["--all"],
    "env": {"KEY": "k3y"},
}


def test_secrets_are_masked_wherever_a_server_is_shown() -> None:
    far, near = (shown(read(fields)).model_dump() for fields in (REMOTE, LOCAL))

    assert far == {**far, "auth_token": MASK, "custom_headers": {"X-Key": MASK}}
    assert near == {**near, "env": {"KEY": MASK}, "args": ["--all"]}


def test_what_has_no_secrets_is_shown_without_masks() -> None:
    bare = {**REMOTE, "auth_token": None, "custom_headers": None}

    assert shown(read(bare)) == read(bare)


@pytest.mark.parametrize("fields", [REMOTE, LOCAL], ids=["remote", "stdio"])
def test_what_was_shown_can_be_sent_back_and_changes_nothing(fields: dict[str, Any]) -> None:
    server = read(fields)

    assert changed(server, shown(server).model_dump()) == server
    assert changed(server, {}) == server


@pytest.mark.parametrize(
    ("given", "after"),
    [
        ({"auth_token": None}, {"auth_token": None}),
        ({"auth_token": "new"}, {"auth_token": "new"}),
        ({"custom_headers": None}, {"custom_headers": None}),
        (
            {"custom_headers": {"X-Key": MASK, "X-More": "m"}},
            {"custom_headers": {"X-Key": "k3y", "X-More": "m"}},
        ),
        ({"server_url": None}, {"server_url": REMOTE["server_url"]}),
        ({"server_url": "https://mcp.example/v2?x"}, {"auth_token": "t0ken"}),
        ({"mcp_server_type": "sse"}, {"mcp_server_type": "sse", "auth_token": "t0ken"}),
        ({"server_name": None}, {"server_name": "far"}),
    ],
)
def test_what_is_given_is_changed_and_the_rest_stays(
    given: dict[str, Any], after: dict[str, Any]
) -> None:
    found = changed(read(REMOTE), given).model_dump()

    assert found == {**found, **after}


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/mcp", "http://mcp.example/mcp", "https://mcp.example:8443/mcp",
     "https://mcp.example.evil/mcp", "https://mcp.example@evil.example/",
     "https://mcp.example\\@evil.example/", "https://evil.example?https://mcp.example/"],
)  # fmt: skip
def test_secrets_do_not_follow_a_server_to_another_host(url: str) -> None:
    server = read(REMOTE)

    moved = changed(server, {"server_url": url}).model_dump()
    fresh = changed(server, {"server_url": url, "auth_token": "new"}).model_dump()

    assert (moved["auth_token"], moved["custom_headers"]) == (None, None)
    assert (fresh["auth_token"], fresh["custom_headers"]) == ("new", None)
    for masked in ({"auth_token": MASK}, {"custom_headers": {"X-Key": MASK}}):
        with pytest.raises(Invalid, match="another host"):
            changed(server, {"server_url": url, **masked})


def test_a_server_becomes_one_of_another_kind_if_all_is_there_for_it() -> None:
    kind = {"mcp_server_type": "stdio"}
    with pytest.raises(Invalid, match="command"):
        changed(read(REMOTE), kind)

    now = changed(read(REMOTE), {**kind, "command": "serve", "args": []})
    assert now == read({**LOCAL, "id": "mcp_server-1", "server_name": "far", "args": [],
                        "env": None})  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({}, {"X-Key": "k3y", "Authorization": "Bearer t0ken"}),
        ({"auth_token": "Basic abc"}, {"X-Key": "k3y", "Authorization": "Basic abc"}),
        ({"auth_header": "X-Token"}, {"X-Key": "k3y", "X-Token": "t0ken"}),
        ({"auth_token": None, "custom_headers": None}, {}),
    ],
)
def test_each_request_carries_the_headers_and_the_token(
    fields: dict[str, Any], sent: dict[str, str]
) -> None:
    server = read({**REMOTE, **fields})
    assert server.mcp_server_type != "stdio"
    assert headers(server) == sent


@pytest.mark.parametrize(
    "fields",
    [
        {"custom_headers": {"Host": "inner"}},
        {"custom_headers": {"transfer-encoding": "chunked"}},
        {"auth_header": "Content-Length"},
        {"custom_headers": {"X": "a\r\nHost: inner"}},
        {"custom_headers": {"X: y": "a"}},
        {"auth_token": "a\nb"},
        {"auth_header": ""},
        {"server_url": ""},
        {"mcp_server_type": "carrier pigeon"},
    ],
)
def test_headers_that_would_be_others_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read({**REMOTE, **fields})
