"""Makes docs/reference/conversations.md: each endpoint of conversations, asked in three ways.

``python -m tests.contract.reference`` writes it from the examples that ``/docs`` shows as well.
"""

from collections.abc import Iterator
from pathlib import Path

from palaver.api.examples import EXAMPLES

PAGE = Path(__file__).parents[2] / "docs/reference/conversations.md"

_HEAD = """\
# Conversations, endpoint by endpoint

Made by `python -m tests.contract.reference`; the tests run every example. A running server shows
these and everything else of the API at `/docs`, without asking anybody for anything.

```sh
PALAVER=http://127.0.0.1:8283
```
```python
from letta_client import Letta

client = Letta(base_url="http://127.0.0.1:8283")
```
```ts
import Letta from "@letta-ai/letta-client";
const client = new Letta({ baseURL: "http://127.0.0.1:8283", apiKey: "none" });
```
"""


def page() -> str:
    """The page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    for example in EXAMPLES:
        yield f"## `{example.operation}`\n\n{example.says}\n"
        for language, text in (
            ("sh", example.curl), ("python", example.python), ("ts", example.typescript),
        ):  # fmt: skip
            yield f"```{language}\n{text}\n```"
        yield ""


if __name__ == "__main__":
    PAGE.write_text(page())
