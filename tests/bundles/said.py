"""Whatever may stand in a conversation, sound or not, and whatever may become of one."""

from datetime import timedelta

from hypothesis import strategies as st

from palaver.clock import mint
from palaver.domain.entry import Entry, Role
from palaver.domain.message import CompactionStats
from palaver.domain.part import (
    Base64Image,
    HiddenReasoning,
    Image,
    LettaImage,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolReturn,
    UrlImage,
    Verdict,
)
from tests.store.making import NOON

words = st.sampled_from(["", "Hello", "Ünïcödé ☕", "- AGENT_ID: agent-0", '{"a": "b"}', "\n\t"])
names = st.none() | st.sampled_from(["ada", "Bob"])
call_ids = st.sampled_from(["call-1", "call-2", "toolu_3", ""])
seals = (
    st.none()
    | st.fixed_dictionaries(
        {"provider_name": st.just("anthropic"), "signature": st.sampled_from(["sig==", "x" * 80])},
        optional={"id": st.just("rs_1"), "provider_details": st.just({"deep": [1.5, {"k": "v"}]})},
    )
    | st.just({"signature": "bare"})
)

texts = st.builds(Text, text=words, seal=seals)
plain = st.builds(Text, text=words)
images = st.builds(
    Image,
    source=st.one_of(
        st.just(UrlImage(url="https://x.example/a.png")),
        st.just(Base64Image(media_type="image/png", data="aGVsbG8=", detail="low")),
        st.just(LettaImage(file_id="file-1", data="aGVsbG8=")),
    ),
)
reasoning = st.builds(Reasoning, text=words, seal=seals)
hidden = st.builds(
    HiddenReasoning,
    state=st.sampled_from(["redacted", "omitted"]),
    data=st.sampled_from([None, "opaque"]),
    seal=seals,
)
calls = st.builds(
    ToolCall,
    call_id=call_ids,
    name=st.sampled_from(["count", "send_message"]),
    arguments=st.sampled_from(["{}", '{"message": "Hi"}', "{broken", ""]),
    gate=st.sampled_from([None, None, "approval", "client"]),
    seal=seals,
)
outputs = st.lists(st.none() | st.just("line"), max_size=2).map(
    lambda found: [one for one in found if one] or None
)
returns = st.builds(
    ToolReturn,
    call_id=call_ids,
    name=st.sampled_from(["", "count", "send_message"]),
    status=st.sampled_from(["success", "error"]),
    content=words | st.lists(texts | images, max_size=2),
    stdout=outputs,
    stderr=outputs,
)
verdicts = st.builds(Verdict, call_id=call_ids, approve=st.booleans(), reason=names)
parts: st.SearchStrategy[Part] = st.one_of(
    texts, images, reasoning, hidden, calls, returns, verdicts
)

_USUAL: dict[Role, st.SearchStrategy[Part]] = {
    "user": st.one_of(plain, images),
    "assistant": st.one_of(texts, reasoning, hidden, calls),
    "tool": returns,
    "approval": st.one_of(verdicts, returns),
}


def _entry(role: Role, held: list[Part], name: str | None, otid: str | None, cut: bool) -> Entry:
    return Entry(
        id=mint("message"),
        seq=0,
        role=role,
        parts=tuple(held),
        created_at=NOON + timedelta(microseconds=len(held)),
        name=name,
        otid=otid,
        sender_id=name,
        model="palaver/offline" if role == "assistant" else None,
        cut=cut,
    )


entries: st.SearchStrategy[Entry] = st.sampled_from(list(_USUAL)).flatmap(
    lambda role: st.builds(
        _entry,
        role=st.just(role),
        held=st.lists(_USUAL[role] | parts, max_size=3) | st.lists(_USUAL[role], max_size=3),
        name=names,
        otid=names,
        cut=st.booleans(),
    )
)
"""What one side says. It need not be sound: a file keeps what is broken as it is."""


def summary(text: str) -> Entry:
    """What a compaction leaves."""
    said = _entry("summary", [Text(text=text)], None, None, False)
    stats = CompactionStats(
        trigger="manual", context_window=9, messages_count_before=3, messages_count_after=1
    )
    return said.model_copy(update={"compaction": stats})
