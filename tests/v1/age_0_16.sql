-- What a V1 database of 0.16 has more than one of 0.14, which was upgraded in its place: conversations.
UPDATE alembic_version SET version_num = 'b1c2d3e4f5a6';

ALTER TABLE agents ADD compaction_settings json, ADD last_stop_reason varchar;
ALTER TABLE tools ADD enable_parallel_execution boolean;
ALTER TABLE agent_environment_variables ADD value_enc text;
CREATE TABLE conversations (
    id varchar PRIMARY KEY, agent_id varchar NOT NULL REFERENCES agents, summary varchar,
    model varchar, model_settings json, last_message_at timestamptz,
    organization_id varchar NOT NULL REFERENCES organizations,
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, _created_by_id varchar, _last_updated_by_id varchar
);
ALTER TABLE messages
    ADD is_err boolean, ADD conversation_id varchar REFERENCES conversations;
CREATE TABLE conversation_messages (
    id varchar PRIMARY KEY DEFAULT gen_random_uuid(),
    conversation_id varchar NOT NULL REFERENCES conversations,
    agent_id varchar NOT NULL REFERENCES agents, message_id varchar REFERENCES messages,
    position integer NOT NULL, in_context boolean NOT NULL DEFAULT true, organization_id varchar,
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, _created_by_id varchar, _last_updated_by_id varchar
);
CREATE TABLE blocks_conversations (
    conversation_id varchar NOT NULL REFERENCES conversations, block_id varchar NOT NULL,
    block_label varchar NOT NULL, PRIMARY KEY (conversation_id, block_id)
);

INSERT INTO agents
    (id, name, system, agent_type, llm_config, organization_id, created_at, last_stop_reason,
     compaction_settings, message_ids)
VALUES
    ('agent-16000000-0000-4000-8000-000000000001', 'Mill', 'You grind corn.', 'letta_v1_agent',
     '{"model": "offline", "model_endpoint_type": "openai", "context_window": 64000,
       "handle": "palaver/offline", "provider_name": "palaver"}',
     'org-00000000-0000-4000-8000-000000000000', '2026-03-01 08:00:00+00', 'end_turn',
     '{"mode": "sliding_window", "clip_chars": 1000, "sliding_window_percentage": 0.4}',
     '["message-16000000-0000-4000-8000-000000000101"]');

-- 1 was compacted: what is left in its context was numbered from 0 again, so that positions say nothing
-- of the whole history. 2 is a fork of it and shares its messages. 3 waits for an approval. 4 was deleted.
INSERT INTO conversations
    (id, agent_id, summary, model, organization_id, created_at, last_message_at, is_deleted)
SELECT 'conv-16000000-0000-4000-8000-00000000000' || n, 'agent-16000000-0000-4000-8000-000000000001',
       summary, model, 'org-00000000-0000-4000-8000-000000000000',
       timestamptz '2026-03-01 09:00:00+00' + interval '1 hour' * n::int,
       timestamptz '2026-03-01 09:30:00+00' + interval '1 hour' * n::int, n = 4
FROM (VALUES (1, 'Rye and wheat', NULL), (2, NULL, 'openai/gpt-4o-mini'), (3, 'May I?', NULL),
             (4, 'Gone', NULL)) AS told (n, summary, model);

INSERT INTO messages
    (id, agent_id, role, content, tool_calls, tool_returns, tool_call_id, name, run_id, step_id, otid,
     conversation_id, organization_id, created_at, sequence_id)
SELECT 'message-16000000-0000-4000-8000-000000000' || n, 'agent-16000000-0000-4000-8000-000000000001',
       role, jsonb_build_array(jsonb_build_object('type', 'text', 'text', said)), calls::json,
       returns::json, call_id, NULL, 'run-16000000-0000-4000-8000-000000000' || n,
       'step-16000000-0000-4000-8000-000000000' || n, NULL,
       'conv-16000000-0000-4000-8000-00000000000' || nullif(n / 100 - 1, 0),
       'org-00000000-0000-4000-8000-000000000000',
       timestamptz '2026-03-01 10:00:00+00' + interval '1 second' * n, 1000 + n
FROM (VALUES
    (101, 'system', 'You grind corn. (default)', NULL, NULL, NULL),
    (102, 'user', 'Said to nobody''s conversation in particular.', NULL, NULL, NULL),
    (201, 'system', 'You grind corn. (1)', NULL, NULL, NULL),
    (202, 'user', 'Rye, please.', NULL, NULL, NULL),
    (203, 'assistant', 'Rye it is.', NULL, NULL, NULL),
    (204, 'user', 'And wheat?', NULL, NULL, NULL),
    (205, 'assistant', 'I grind both at once.',
     '[{"id": "call-a", "type": "function", "function": {"name": "tide", "arguments": "{\"port\": \"mill\"}"}},
       {"id": "call-b", "type": "function", "function": {"name": "tide", "arguments": "{\"port\": \"race\"}"}}]',
     NULL, NULL),
    (206, 'tool', 'high', NULL,
     '[{"tool_call_id": "call-a", "status": "success", "func_response": "high"},
       {"tool_call_id": "call-b", "status": "error", "stderr": ["dry"], "func_response": "no water"}]', 'call-a'),
    (207, 'summary', '{"type": "system_alert", "message": "They want rye and wheat.", "time": "2026-03-01", "compaction_stats": {"trigger": "post_step_context_check", "context_tokens_before": 900, "context_tokens_after": 100, "context_window": 1000, "messages_count_before": 7, "messages_count_after": 5}}', NULL, NULL, NULL),
    (208, 'assistant', 'One is done.', NULL, NULL, NULL),
    (301, 'system', 'You grind corn. (2)', NULL, NULL, NULL),
    (302, 'user', 'On this side: oats.', NULL, NULL, NULL),
    (401, 'system', 'You grind corn. (3)', NULL, NULL, NULL),
    (402, 'user', 'Open the sluice.', NULL, NULL, NULL),
    (403, 'assistant', 'I look, then I open it.',
     '[{"id": "call-look", "type": "function", "function": {"name": "tide", "arguments": "{}"}}]', NULL, NULL),
    (404, 'approval', '', '[{"id": "call-open", "type": "function", "function": {"name": "open_sluice", "arguments": "{}"}}]', NULL, NULL),
    (501, 'system', 'You grind corn. (4)', NULL, NULL, NULL),
    (502, 'user', 'This was deleted.', NULL, NULL, NULL)
) AS said (n, role, said, calls, returns, call_id);
UPDATE messages SET content = NULL WHERE id LIKE '%404';

INSERT INTO conversation_messages (conversation_id, agent_id, message_id, position, in_context)
SELECT 'conv-16000000-0000-4000-8000-00000000000' || conversation,
       'agent-16000000-0000-4000-8000-000000000001',
       'message-16000000-0000-4000-8000-000000000' || message, position, in_context
FROM (VALUES
    (1, 201, 0, true), (1, 202, 1, false), (1, 203, 2, false), (1, 204, 3, false),
    (1, 207, 1, true), (1, 205, 2, true), (1, 206, 3, true), (1, 208, 4, true),
    (2, 301, 0, true), (2, 207, 1, true), (2, 205, 2, true), (2, 206, 3, true), (2, 302, 4, true),
    (3, 401, 0, true), (3, 402, 1, true), (3, 403, 2, true), (3, 404, 3, true),
    (4, 501, 0, true), (4, 502, 1, true)
) AS link (conversation, message, position, in_context);
UPDATE messages SET is_deleted = true WHERE id LIKE 'message-16%-00000000050_';
UPDATE conversation_messages SET is_deleted = true WHERE conversation_id LIKE '%4';

INSERT INTO block (id, label, value, "limit", is_template, organization_id) VALUES
    ('block-16000000-0000-4000-8000-000000000001', 'stones', 'Two.', 1000, false,
     'org-00000000-0000-4000-8000-000000000000'),
    ('block-16000000-0000-4000-8000-000000000002', 'stones', 'Three, here.', 1000, false,
     'org-00000000-0000-4000-8000-000000000000');
INSERT INTO blocks_agents VALUES
    ('agent-16000000-0000-4000-8000-000000000001', 'block-16000000-0000-4000-8000-000000000001', 'stones');
INSERT INTO blocks_conversations VALUES
    ('conv-16000000-0000-4000-8000-000000000001', 'block-16000000-0000-4000-8000-000000000002', 'stones');
