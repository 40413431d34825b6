"""What a long window costs by itself: the messages, put into the provider's form and sent."""

from time import process_time

from bench.fakellm import MODEL
from bench.load import role_of, words_of
from bench.wire import HOST
from palaver import clock
from palaver.domain.entry import Entry
from palaver.domain.llm import ChatModel, ChatRequest
from palaver.domain.part import Text
from palaver.providers.catalog import Catalog

CALLS = 5


async def cost_of_window(port: int, size: int) -> float:
    """Milliseconds of CPU of one call to the model at `port` about `size` messages.

    It is palaver's own adapter, called directly: no server, no store, no run.
    """
    catalog = Catalog({"OPENAI_BASE_URL": f"http://{HOST}:{port}/v1", "OPENAI_API_KEY": "x"})
    handle, model = catalog.resolve(f"openai/{MODEL}")
    request = ChatRequest(handle, "", tuple(_entry(n) for n in range(size)))
    await _call(model, request)  # the first call also loads the provider's library
    start = process_time()
    for _ in range(CALLS):
        await _call(model, request)
    return (process_time() - start) * 1000 / CALLS


async def _call(model: ChatModel, request: ChatRequest) -> None:
    async for _ in model.stream(request):
        pass


def _entry(n: int) -> Entry:
    return Entry(
        id=clock.mint("message"),
        seq=n + 1,
        role="assistant" if role_of(n) == "assistant" else "user",
        parts=(Text(text=words_of(n)),),
        created_at=clock.now(),
    )
