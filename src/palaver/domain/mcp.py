"""MCP servers: where tools come from that are carried out elsewhere."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, TypeAdapter

from palaver.domain.frozen import Frozen

Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Line = Annotated[str, StringConstraints(max_length=8192, pattern=r"^[^\r\n]*$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,255}$")]
HeaderValue = Annotated[str, StringConstraints(max_length=8192, pattern=r"^[\x20-\x7e\t]*$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[^=\x00]{1,255}$")]

Transport = Literal["stdio", "sse", "streamable_http"]


class StdioConfig(Frozen):
    """A command that is run on this machine, and spoken to by its input and output."""

    mcp_server_type: Literal["stdio"] = "stdio"
    command: Annotated[str, StringConstraints(min_length=1, max_length=4096)]
    args: Annotated[list[str], Field(max_length=1000)]
    env: dict[VariableName, str] | None = None


class _Remote(Frozen):
    server_url: Annotated[str, StringConstraints(min_length=1, max_length=8192)]
    auth_header: HeaderName | None = None
    auth_token: HeaderValue | None = None
    custom_headers: dict[HeaderName, HeaderValue] | None = None


class SseConfig(_Remote):
    """A URL that answers with a stream of events, and says where to send messages."""

    mcp_server_type: Literal["sse"] = "sse"


class StreamableHttpConfig(_Remote):
    """A URL to which messages are sent, and which answers each."""

    mcp_server_type: Literal["streamable_http"] = "streamable_http"


def _transport(value: Any) -> str:
    fields = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return str(fields.get("mcp_server_type") or ("stdio" if "command" in fields else "sse"))


McpConfig = Annotated[
    Annotated[StdioConfig, Tag("stdio")]
    | Annotated[SseConfig, Tag("sse")]
    | Annotated[StreamableHttpConfig, Tag("streamable_http")],
    Discriminator(_transport),
]


class _Named(Frozen):
    id: str
    server_name: str


class StdioMcpServer(_Named, StdioConfig):
    """An MCP server that is a command."""


class SseMcpServer(_Named, SseConfig):
    """An MCP server behind a stream of events."""


class StreamableHTTPMcpServer(_Named, StreamableHttpConfig):
    """An MCP server behind a URL."""


RemoteMcpServer = SseMcpServer | StreamableHTTPMcpServer
McpServer = Annotated[
    StdioMcpServer | SseMcpServer | StreamableHTTPMcpServer, Field(discriminator="mcp_server_type")
]
MCP_SERVER: TypeAdapter[McpServer] = TypeAdapter(McpServer)


class McpConfigChange(Frozen):
    """What becomes of a config. What is left out stays as it is."""

    mcp_server_type: Transport | None = None
    command: str | None = None
    args: list[str] | None = None
    env: dict[str, str] | None = None
    server_url: str | None = None
    auth_header: str | None = None
    auth_token: str | None = None
    custom_headers: dict[str, str] | None = None


class Offer(Frozen):
    """A tool as an MCP server offers it. ``parameters`` is whatever the server calls a schema."""

    name: str
    description: str = ""
    parameters: dict[str, Any]


class Refreshed(Frozen):
    """What became of a server's tools, by name; ``skipped`` says why some are none of palaver's."""

    added: list[str]
    updated: list[str]
    deleted: list[str]
    skipped: dict[str, str]
