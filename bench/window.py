"""What a long window costs by itself: read from the store, put into form, and sent."""

from dataclasses import dataclass
from time import process_time

from bench.fakellm import MODEL
from bench.wire import HOST
from palaver.domain.llm import ChatModel, ChatRequest
from palaver.providers.catalog import Catalog
from palaver.serving import collect_less
from palaver.store import entries
from palaver.store.opening import open_database

CALLS = 5


@dataclass(frozen=True, slots=True)
class WindowCost:
    """Milliseconds of CPU to read a window, and to send it."""

    read: float
    sent: float


async def cost_of_window(database_url: str, model_port: int, conversation: str) -> WindowCost:
    """What the window of a conversation costs each time that a model is called.

    Palaver's own store and adapter are called directly: no server, no run, nothing kept.
    """
    catalog = Catalog({"OPENAI_BASE_URL": f"http://{HOST}:{model_port}/v1", "OPENAI_API_KEY": "x"})
    handle, model = catalog.resolve(f"openai/{MODEL}")
    db = open_database(database_url)
    _, said = await db.read(entries.window, conversation)
    request = ChatRequest(handle, "", said)
    collect_less()  # as the server does
    await _call(model, request)  # the first call also loads the provider's library
    start = process_time()
    for _ in range(CALLS):
        await db.read(entries.window, conversation)
    between = process_time()
    for _ in range(CALLS):
        await _call(model, request)
    end = process_time()
    await db.close()
    return WindowCost((between - start) * 1000 / CALLS, (end - between) * 1000 / CALLS)


async def _call(model: ChatModel, request: ChatRequest) -> None:
    async for _ in model.stream(request):
        pass
