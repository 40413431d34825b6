"""What the environment says, and what it may not say."""

from datetime import timedelta
from ipaddress import ip_network

import pytest

from palaver import settings
from palaver.errors import Invalid
from palaver.serving import shown_url


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, timedelta(days=7)),
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
    ],
)
def test_events_are_kept_as_long_as_is_said(said: str | None, meant: timedelta) -> None:
    environment = {} if said is None else {"PALAVER_EVENTS_KEEP": said}

    assert settings.read(environment).events_keep == meant


@pytest.mark.parametrize("said", ["7", "d", "0s", "-1d", "1w", "1.5h", "99999999999d", "٣d"])
def test_a_span_that_means_nothing_is_refused(said: str) -> None:
    with pytest.raises(Invalid, match="PALAVER_EVENTS_KEEP must be a number with a unit"):
        settings.read({"PALAVER_EVENTS_KEEP": said})


def test_patience_with_providers_is_a_matter_of_settings() -> None:
    said = {
        "PALAVER_LLM_CONNECT_TIMEOUT": "3s",
        "PALAVER_LLM_FIRST_EVENT_TIMEOUT": "20m",
        "PALAVER_LLM_IDLE_TIMEOUT": "90s",
        "PALAVER_LLM_TRIES": "5",
    }

    found = settings.read(said)

    assert found.llm_connect_timeout == timedelta(seconds=3)
    assert found.llm_first_event_timeout == timedelta(minutes=20)
    assert found.llm_idle_timeout == timedelta(seconds=90)
    assert found.llm_tries == 5


@pytest.mark.parametrize("name", ["CONNECT", "FIRST_EVENT", "IDLE"])
def test_a_timeout_that_means_nothing_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match=f"PALAVER_LLM_{name}_TIMEOUT must be a number with a unit"):
        settings.read({f"PALAVER_LLM_{name}_TIMEOUT": "0.5s"})


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, ()),
        ("0", ()),
        ("1", settings.EVERYWHERE),
        ("127.0.0.1", (ip_network("127.0.0.1/32"),)),
        ("10.1.0.0/16, fd00::/8", (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))),
    ],
)
def test_networks_are_private_unless_they_are_named(
    said: str | None, meant: tuple[settings.Network, ...]
) -> None:
    environment = {} if said is None else {"PALAVER_ALLOW_PRIVATE_URLS": said}

    assert settings.read(environment).private_networks == meant


@pytest.mark.parametrize("said", ["yes", "10.1.0.1/16", "localhost", "127.0.0.1,", "300.0.0.1"])
def test_networks_that_are_none_are_refused(said: str) -> None:
    with pytest.raises(Invalid, match="PALAVER_ALLOW_PRIVATE_URLS must be 1, or networks"):
        settings.read({"PALAVER_ALLOW_PRIVATE_URLS": said})


def test_commands_are_no_mcp_servers_unless_that_is_said() -> None:
    assert not settings.read({}).mcp_stdio
    assert settings.read({"PALAVER_ALLOW_MCP_STDIO": "1"}).mcp_stdio
    with pytest.raises(Invalid, match="PALAVER_ALLOW_MCP_STDIO must be 0 or 1"):
        settings.read({"PALAVER_ALLOW_MCP_STDIO": "true"})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:hush@db/palaver", "postgresql://ada@db/palaver"),
        ("postgresql://db/palaver?user=ada&password=hush", "postgresql://db/palaver?user=ada&password=***"),
        ("host=db password=hush dbname=palaver", "host=db password=*** dbname=palaver"),
        ("sqlite:////data/palaver.db", "sqlite:////data/palaver.db"),
    ],
)  # fmt: skip
def test_a_database_is_shown_without_its_password(url: str, shown: str) -> None:
    assert shown_url(url) == shown
