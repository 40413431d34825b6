-- What a V1 database of about 0.14 has more than one of 0.11, as far as the names of its migrations tell:
-- messages know their runs, and an answer tells of each call by itself (066857381578, "add approvals field
-- to messages"). There are no conversations yet. What else came between 0.11 and 0.16 comes with the latter.
UPDATE alembic_version SET version_num = '066857381578';

ALTER TABLE messages ADD run_id varchar, ADD approvals json;

INSERT INTO agents (id, name, system, agent_type, llm_config, organization_id, created_at, message_ids)
VALUES
    ('agent-14000000-0000-4000-8000-000000000001', 'Forge', 'You forge.', 'letta_v1_agent',
     '{"model": "offline", "model_endpoint_type": "openai", "context_window": 64000,
       "handle": "palaver/offline"}',
     'org-00000000-0000-4000-8000-000000000000', '2025-11-01 08:00:00+00',
     '["message-14000000-0000-4000-8000-000000000001", "message-14000000-0000-4000-8000-000000000008",
       "message-14000000-0000-4000-8000-000000000007"]');

-- Two calls wait together, one is approved of and one is not; a summary is still said by the user.
INSERT INTO messages
    (id, agent_id, role, content, tool_calls, tool_returns, tool_call_id, approval_request_id, approvals,
     run_id, organization_id, created_at)
SELECT 'message-14000000-0000-4000-8000-00000000000' || n,
       'agent-14000000-0000-4000-8000-000000000001', role, content::json, calls::json, returns::json,
       call_id, request, approvals::json, 'run-14000000-0000-4000-8000-000000000001',
       'org-00000000-0000-4000-8000-000000000000',
       timestamptz '2025-11-01 09:00:00+00' + interval '1 second' * n
FROM (VALUES
    (1, 'system', '[{"type": "text", "text": "You forge."}]', NULL, NULL, NULL, NULL, NULL),
    (2, 'user', '[{"type": "text", "text": "Heat and quench it."}]', NULL, NULL, NULL, NULL, NULL),
    (3, 'assistant', '[{"type": "reasoning", "is_native": true, "reasoning": "Both at once?", "signature": null}, {"type": "text", "text": "May I?"}]',
     NULL, NULL, NULL, NULL, NULL),
    (4, 'approval', NULL,
     '[{"id": "call-heat", "type": "function", "function": {"name": "tide", "arguments": "{\"port\": \"fire\"}"}},
       {"id": "call-quench", "type": "function", "function": {"name": "tide", "arguments": "{\"port\": \"water\"}"}}]',
     NULL, NULL, NULL, NULL),
    (5, 'approval', NULL, NULL, NULL, NULL, 'message-14000000-0000-4000-8000-000000000004',
     '[{"type": "approval", "tool_call_id": "call-heat", "approve": true, "reason": null},
       {"type": "approval", "tool_call_id": "call-quench", "approve": false, "reason": "Too early."}]'),
    (6, 'tool', '[{"type": "text", "text": "red"}]', NULL,
     '[{"tool_call_id": "call-heat", "status": "success", "func_response": "red"},
       {"tool_call_id": "call-quench", "status": "error", "func_response": "Error: request denied. Too early."}]',
     'call-heat', NULL, NULL),
    (7, 'assistant', '[{"type": "text", "text": "It is red."}]', NULL, NULL, NULL, NULL, NULL),
    (8, 'user', '[{"type": "text", "text": "{\"type\": \"system_alert\", \"message\": \"They heat iron.\", \"time\": \"2025-11-01\"}"}]',
     NULL, NULL, NULL, NULL, NULL)
) AS said (n, role, content, calls, returns, call_id, request, approvals) ORDER BY n;
