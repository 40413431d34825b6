"""What the operator decides: one frozen object, read once from the environment.

===============================  ===========================================================
PALAVER_HOME                     folder of the data (default: the user's data folder)
PALAVER_DATABASE_URL             ``sqlite:///path`` or ``postgresql://…``
                                 (default: ``palaver.db`` in the home folder)
PALAVER_HOST                     address to listen on (default 127.0.0.1)
PALAVER_PORT                     port to listen on (default 8283)
PALAVER_HOSTS                    names by which it may be called, such as ``palaver.example.org``,
                                 where a proxy on this machine passes them on (default: addresses,
                                 and names of this machine and its network)
PALAVER_LOG_LEVEL                debug, info, warning or error (default info)
PALAVER_MAX_BODY_BYTES           largest request that is read (default 8 MiB)
PALAVER_MAX_FILE_BYTES           largest file that can be put into a folder (default 20 MiB)
PALAVER_MAX_IMPORT_BYTES         largest agent file that is imported (default 100 MiB)
PALAVER_EVENTS_KEEP              how long the events of a run stay after its end, such as
                                 90s, 12h or 7d (default 7d); after that its streams are
                                 told from what the conversation holds
PALAVER_DELETED_KEEP             how long what was deleted stays in the database, out of
                                 everybody's reach (default 7d)
PALAVER_TRACES                   how long requests to providers and their answers are kept for
                                 people to read, such as 24h; keys are masked, what was said is
                                 not (default 0: not at all)
PALAVER_LLM_CONNECT_TIMEOUT      how long a provider may take to be reached (default 10s)
PALAVER_LLM_FIRST_EVENT_TIMEOUT  how long until a model says something (default 10m)
PALAVER_LLM_IDLE_TIMEOUT         how long a provider may send nothing at all (default 5m)
PALAVER_LLM_TRIES                how often it is asked before it says something (default 3)
PALAVER_MCP_TIMEOUT              how long an MCP server may take to carry out a tool (default
                                 60s)
PALAVER_ALLOW_MCP_STDIO          1 lets callers name commands that are run on this machine as
                                 MCP servers (default: they cannot)
PALAVER_ALLOW_PRIVATE_URLS       networks that callers may have the server call, such as
                                 ``10.1.0.0/16,127.0.0.1``, or 1 for all of them (default:
                                 public addresses only)
PALAVER_DEFAULT_MODEL            handle for agents made without a model, or ``letta/auto``
PALAVER_EMBEDDING                handle of the embedding model by which texts are searched for
                                 what they mean, such as ``openai/text-embedding-3-small``; what
                                 is said and archived is told to it (default: none)
PALAVER_TITLES                   1: a conversation without a summary gets a short one after its
                                 first turns, from its own model (the offline one writes none);
                                 a handle: from that model (default 0)
PALAVER_BWRAP                    the bubblewrap that Python tools run under (default bwrap)
PALAVER_TOOL_TIMEOUT             how long a call of one may take (default 1m)
PALAVER_TOOL_MEMORY_BYTES        how much memory a call may hold (default 512 MiB)
PALAVER_TOOL_PACKAGES            1: packages that tools require are installed (default 0)
PALAVER_UNSAFE_TOOLS             1: Python tools run without a sandbox (default 0)
===============================  ===========================================================

The providers' variables stand in `palaver.providers.table`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import platformdirs

from palaver.errors import Invalid

DEFAULT_PORT = 8283  # where the official clients look for a server of one's own
MAX_BODY = 8 * 1024 * 1024  # bytes
MAX_FILE = 20 * 1024 * 1024  # bytes
MAX_IMPORT = 100 * 1024 * 1024  # bytes

EVENTS_KEEP = timedelta(days=7)
DELETED_KEEP = timedelta(days=7)

CONNECT_TIMEOUT = timedelta(seconds=10)
FIRST_EVENT_TIMEOUT = timedelta(minutes=10)
IDLE_TIMEOUT = timedelta(minutes=5)
TRIES = 3

TOOL_TIMEOUT = timedelta(minutes=1)
TOOL_MEMORY = 512 * 1024 * 1024  # bytes
MCP_TIMEOUT = timedelta(minutes=1)

Network = IPv4Network | IPv6Network
EVERYWHERE: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}  # seconds
_LONGEST = timedelta(days=36_500)

LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; the table above says in which variable each is found.

    `environment` is what the providers look for their keys in; it is never shown.
    """

    home: Path
    database_url: str
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    hosts: frozenset[str] = frozenset()
    log_level: str = "info"
    max_body: int = MAX_BODY
    max_file: int = MAX_FILE
    max_import: int = MAX_IMPORT
    events_keep: timedelta = EVENTS_KEEP
    deleted_keep: timedelta = DELETED_KEEP
    traces_keep: timedelta | None = None
    llm_connect_timeout: timedelta = CONNECT_TIMEOUT
    llm_first_event_timeout: timedelta = FIRST_EVENT_TIMEOUT
    llm_idle_timeout: timedelta = IDLE_TIMEOUT
    llm_tries: int = TRIES
    private_networks: tuple[Network, ...] = ()
    mcp_stdio: bool = False
    mcp_timeout: timedelta = MCP_TIMEOUT
    titles: str = ""
    bubblewrap: str = "bwrap"
    tool_timeout: timedelta = TOOL_TIMEOUT
    tool_memory: int = TOOL_MEMORY
    tool_packages: bool = False
    unsafe_tools: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in `environment`. Raises `Invalid` with the variable that is wrong."""
    home = Path(environment.get("PALAVER_HOME") or platformdirs.user_data_dir("palaver"))
    home = home.expanduser().absolute()
    level = environment.get("PALAVER_LOG_LEVEL", "info").lower()
    if level not in LOG_LEVELS:
        raise Invalid(f"PALAVER_LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}, not {level!r}.")
    return Settings(
        home=home,
        database_url=environment.get("PALAVER_DATABASE_URL") or f"sqlite:///{home / 'palaver.db'}",
        host=environment.get("PALAVER_HOST") or "127.0.0.1",
        port=_number(environment, "PALAVER_PORT", DEFAULT_PORT, 65535),
        hosts=_words(environment.get("PALAVER_HOSTS") or ""),
        log_level=level,
        max_body=_number(environment, "PALAVER_MAX_BODY_BYTES", MAX_BODY, 2**31),
        max_file=_number(environment, "PALAVER_MAX_FILE_BYTES", MAX_FILE, 2**30),
        max_import=_number(environment, "PALAVER_MAX_IMPORT_BYTES", MAX_IMPORT, 2**31),
        events_keep=_span(environment, "PALAVER_EVENTS_KEEP", EVENTS_KEEP),
        deleted_keep=_span(environment, "PALAVER_DELETED_KEEP", DELETED_KEEP),
        traces_keep=_perhaps(environment, "PALAVER_TRACES"),
        llm_connect_timeout=_span(environment, "PALAVER_LLM_CONNECT_TIMEOUT", CONNECT_TIMEOUT),
        llm_first_event_timeout=_span(
            environment, "PALAVER_LLM_FIRST_EVENT_TIMEOUT", FIRST_EVENT_TIMEOUT
        ),
        llm_idle_timeout=_span(environment, "PALAVER_LLM_IDLE_TIMEOUT", IDLE_TIMEOUT),
        llm_tries=_number(environment, "PALAVER_LLM_TRIES", TRIES, 10),
        private_networks=_networks(environment, "PALAVER_ALLOW_PRIVATE_URLS"),
        mcp_stdio=_flag(environment, "PALAVER_ALLOW_MCP_STDIO"),
        mcp_timeout=_span(environment, "PALAVER_MCP_TIMEOUT", MCP_TIMEOUT),
        titles=_titles(environment.get("PALAVER_TITLES") or "0"),
        bubblewrap=environment.get("PALAVER_BWRAP") or "bwrap",
        tool_timeout=_span(environment, "PALAVER_TOOL_TIMEOUT", TOOL_TIMEOUT),
        tool_memory=_number(environment, "PALAVER_TOOL_MEMORY_BYTES", TOOL_MEMORY, 2**40),
        tool_packages=_flag(environment, "PALAVER_TOOL_PACKAGES"),
        unsafe_tools=_flag(environment, "PALAVER_UNSAFE_TOOLS"),
        environment=environment,
    )


def _flag(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name) or "0"
    if text not in ("0", "1"):
        raise Invalid(f"{name} must be 0 or 1, not {text!r}.")
    return text == "1"


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in text.split(",") if word.strip())


def _titles(text: str) -> str:
    return "" if text == "0" else text


def _networks(environment: Mapping[str, str], name: str) -> tuple[Network, ...]:
    text = environment.get(name) or "0"
    if text in ("0", "1"):
        return EVERYWHERE if text == "1" else ()
    try:
        return tuple(ip_network(one.strip()) for one in text.split(","))
    except ValueError:
        raise Invalid(
            f"{name} must be 1, or networks like 10.1.0.0/16,127.0.0.1, not {text!r}."
        ) from None


def _number(environment: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or int(text) > most:
        raise Invalid(f"{name} must be a whole number up to {most}, not {text!r}.")
    return int(text)


def _perhaps(environment: Mapping[str, str], name: str) -> timedelta | None:
    wanted = environment.get(name) or "0"
    return None if wanted == "0" else _span(environment, name, timedelta())


def _span(environment: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    text = environment.get(name)
    if not text:
        return default
    number, unit = text[:-1], text[-1]
    if re.fullmatch("[0-9]{1,11}", number) and unit in _UNITS:
        seconds = int(number) * _UNITS[unit]
        if 0 < seconds <= _LONGEST.total_seconds():
            return timedelta(seconds=seconds)
    raise Invalid(f"{name} must be a number with a unit (s, m, h or d), like 7d, not {text!r}.")
