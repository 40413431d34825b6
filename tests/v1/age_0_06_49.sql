-- What messages of a V1 database of 0.6.49 have more than those of 0.6, as a public report of that version
-- quotes them (letta#2544): words in `content`, older rows still in `text`; returns; an order of their own.
-- What other tables had more by then is not known, and comes with 0.11.
ALTER TABLE messages
    ADD content json, ADD tool_returns json, ADD otid varchar, ADD group_id varchar,
    ADD sequence_id bigserial;
UPDATE messages SET sequence_id = substr(id, 43)::int WHERE id LIKE 'message-06%';
SELECT setval('messages_sequence_id_seq', 100);

INSERT INTO agents (id, name, system, agent_type, llm_config, organization_id, created_at, message_ids)
VALUES
    ('agent-07000000-0000-4000-8000-000000000001', 'Lighthouse', 'You give light.', 'memgpt_agent',
     '{"model": "gpt-4o-mini", "model_endpoint_type": "openai", "context_window": 32000,
       "handle": "openai/gpt-4o-mini"}',
     'org-00000000-0000-4000-8000-000000000000', '2025-04-20 08:00:00+00',
     '["message-07000000-0000-4000-8000-000000000001", "message-07000000-0000-4000-8000-000000000002",
       "message-07000000-0000-4000-8000-000000000003", "message-07000000-0000-4000-8000-000000000004",
       "message-07000000-0000-4000-8000-000000000005", "message-07000000-0000-4000-8000-000000000006"]');

-- All of a step has one time: only their numbers say in which order these were said.
INSERT INTO messages
    (id, agent_id, role, content, model, name, tool_calls, tool_returns, tool_call_id, otid, group_id,
     organization_id, created_at)
SELECT 'message-07000000-0000-4000-8000-00000000000' || n,
       'agent-07000000-0000-4000-8000-000000000001', role,
       json_build_array(json_build_object('type', 'text', 'text', said)), 'gpt-4o-mini', name,
       calls::json, returns::json, call_id, otid, 'group-07000000-0000-4000-8000-000000000001',
       'org-00000000-0000-4000-8000-000000000000', timestamptz '2025-04-20 09:00:00+00'
FROM (VALUES
    (1, 'system', 'You give light.', NULL, '[]', NULL, NULL, NULL),
    (2, 'user', '{"type": "user_message", "message": "Is there fog?", "time": "2025-04-20 09:00:00 AM UTC+0000"}',
     NULL, '[]', NULL, NULL, '07000000-0000-4000-8000-000000000082'),
    (3, 'assistant', 'I look out.', NULL,
     '[{"id": "call-fog", "type": "function", "function": {"name": "tide", "arguments": "{\"port\": \"Ouessant\"}"}}]', NULL, NULL, NULL),
    (4, 'tool', '{"status": "Failed", "message": "Error: nothing to be seen", "time": "2025-04-20 09:00:00 AM UTC+0000"}',
     'tide', '[]', '[{"status": "error", "stdout": [], "stderr": ["nothing to be seen"]}]', 'call-fog', NULL),
    (5, 'assistant', 'So there is.', NULL,
     '[{"id": "call-tell", "type": "function", "function": {"name": "send_message", "arguments": "{\"message\": \"Thick fog.\"}"}}]', NULL, NULL, NULL),
    (6, 'tool', '{"status": "OK", "message": "None", "time": "2025-04-20 09:00:00 AM UTC+0000"}', 'send_message', '[]',
     '[{"status": "success", "stdout": [], "stderr": []}]', 'call-tell', NULL)
) AS said (n, role, said, name, calls, returns, call_id, otid) ORDER BY n;
