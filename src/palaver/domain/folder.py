"""Folders: files that agents may look into. A file is a text, kept in pieces."""

from typing import Annotated, Any, Literal

from pydantic import Field

from palaver.domain.frozen import Frozen, Stamp

OnDuplicate = Literal["skip", "error", "suffix", "replace"]
ProcessingStatus = Literal["pending", "parsing", "embedding", "completed", "error"]
EndpointType = Literal[
    "openai", "anthropic", "bedrock", "google_ai", "google_vertex", "azure", "groq", "ollama",
    "webui", "webui-legacy", "lmstudio", "lmstudio-legacy", "llamacpp", "koboldcpp", "vllm",
    "hugging-face", "mistral", "together", "pinecone",
]  # fmt: skip

MAX_NAME = 255
"""How many characters a name may have, of a folder or of a file."""

DEFAULT_OPEN = 5
"""How many files an agent may have open if nobody has said."""

DEFAULT_VIEW = 15_000
"""How many characters of an open file an agent sees if nobody has said."""

LARGEST_VIEW = 1_000_000
"""How many an agent sees at most, whatever anybody has said."""

CHARACTERS = 4
"""About how many of them a token has: pieces are measured in tokens."""


class EmbeddingConfig(Frozen):
    """How vectors of texts are made. Of these only the size of a piece has a meaning here."""

    embedding_model: str = "none"
    embedding_endpoint_type: EndpointType = "openai"
    embedding_dim: int = 0
    embedding_chunk_size: int | None = 300
    embedding_endpoint: str | None = None
    handle: str | None = None
    azure_endpoint: str | None = None
    azure_version: str | None = None
    azure_deployment: str | None = None
    batch_size: int = 32


class Folder(Frozen):
    """A set of files, which any number of agents may share."""

    id: str
    name: str
    description: str | None = None
    instructions: str | None = None
    metadata: dict[str, Any] | None = None
    embedding_config: EmbeddingConfig = EmbeddingConfig()
    created_at: Stamp
    updated_at: Stamp | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None

    @property
    def piece(self) -> int:
        """About how many characters a piece of its files has."""
        tokens = self.embedding_config.embedding_chunk_size or 300
        return min(max(tokens, 50), 8_000) * CHARACTERS


class HeldFolder(Folder):
    """A folder that an agent has."""

    vector_db_provider: Literal["native"] = "native"


class File(Frozen):
    """A file of a folder, which is its source. Its text is shown only to who asks for it.

    Its chunks get vectors in the background, if there are any; how many have one, is not counted.
    """

    id: str
    source_id: str
    file_name: str
    original_file_name: str | None = None
    file_path: str | None = None
    file_type: str | None = None
    file_size: int | None = None
    file_creation_date: str | None = None
    file_last_modified_date: str | None = None
    processing_status: ProcessingStatus = "completed"
    error_message: str | None = None
    total_chunks: int | None = None
    chunks_embedded: int | None = None
    created_at: Stamp
    updated_at: Stamp | None = None
    content: str | None = None
    lines: Annotated[int, Field(exclude=True)] = 0


class Piece(Frozen):
    """A stretch of a file's text, which begins in a line of it; the first line is 1."""

    line: int
    text: str


class AgentFile(Frozen):
    """A file as an agent has it. Lines are counted from 1, and null where all is in view."""

    id: str
    file_id: str
    file_name: str
    folder_id: str
    folder_name: str
    is_open: bool = False
    start_line: int | None = None
    end_line: int | None = None
    last_accessed_at: Stamp | None = None
    visible_content: str | None = None


class FileStats(Frozen):
    """How large a file is."""

    file_id: str
    file_name: str
    file_size: int | None = None


class SourceStats(Frozen):
    """How many files a folder has, and which."""

    source_id: str
    source_name: str
    file_count: int = 0
    total_size: int = 0
    files: list[FileStats] = Field(default_factory=list)


class OrganizationSourcesStats(Frozen):
    """How many folders and files there are; ``sources`` are told to who asks for them."""

    total_sources: int = 0
    total_files: int = 0
    total_size: int = 0
    sources: list[SourceStats] = Field(default_factory=list)
