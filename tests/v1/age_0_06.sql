-- The shape of a V1 database of about 0.6: no conversations, no archives, words in `text`.
-- One organization with two users; what is here was made up for these tests.
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('416b9d2db10b');

CREATE TABLE organizations (
    id varchar PRIMARY KEY, name varchar NOT NULL,
    created_at timestamptz, updated_at timestamptz DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, _created_by_id varchar, _last_updated_by_id varchar
);
CREATE TABLE users (
    id varchar PRIMARY KEY, name varchar NOT NULL, organization_id varchar REFERENCES organizations,
    created_at timestamptz, updated_at timestamptz DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, _created_by_id varchar, _last_updated_by_id varchar
);
CREATE TABLE agents (
    id varchar PRIMARY KEY, name varchar, description varchar, message_ids json, system varchar,
    agent_type varchar, llm_config json, embedding_config json, metadata_ json, tool_rules json,
    organization_id varchar NOT NULL REFERENCES organizations,
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, _created_by_id varchar, _last_updated_by_id varchar
);
CREATE TABLE block (
    id varchar PRIMARY KEY, value varchar NOT NULL, "limit" integer NOT NULL, template_name varchar,
    label varchar NOT NULL, metadata_ json, description varchar, is_template boolean NOT NULL,
    organization_id varchar REFERENCES organizations,
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, _created_by_id varchar, _last_updated_by_id varchar,
    UNIQUE (id, label)
);
CREATE TABLE blocks_agents (
    agent_id varchar NOT NULL REFERENCES agents, block_id varchar NOT NULL,
    block_label varchar NOT NULL, UNIQUE (agent_id, block_label)
);
CREATE TABLE tools (
    id varchar PRIMARY KEY, name varchar NOT NULL, description varchar, source_type varchar NOT NULL,
    source_code varchar, json_schema json, module varchar, tags json NOT NULL,
    return_char_limit integer, tool_type varchar NOT NULL DEFAULT 'custom',
    organization_id varchar REFERENCES organizations,
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, _created_by_id varchar, _last_updated_by_id varchar
);
CREATE TABLE tools_agents (
    agent_id varchar NOT NULL REFERENCES agents, tool_id varchar NOT NULL,
    UNIQUE (agent_id, tool_id)
);
CREATE TABLE agents_tags (
    agent_id varchar NOT NULL REFERENCES agents, tag varchar NOT NULL, UNIQUE (agent_id, tag)
);
CREATE TABLE messages (
    id varchar PRIMARY KEY, agent_id varchar NOT NULL REFERENCES agents, role varchar NOT NULL,
    text varchar, model varchar, name varchar, tool_calls json NOT NULL, tool_call_id varchar,
    step_id varchar, organization_id varchar NOT NULL REFERENCES organizations,
    created_at timestamptz NOT NULL, updated_at timestamptz DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, _created_by_id varchar, _last_updated_by_id varchar
);
CREATE TABLE agent_passages (
    id varchar PRIMARY KEY, text varchar NOT NULL, embedding_config json NOT NULL,
    metadata_ json NOT NULL, embedding real[],
    agent_id varchar NOT NULL REFERENCES agents, organization_id varchar REFERENCES organizations,
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, _created_by_id varchar, _last_updated_by_id varchar
);

INSERT INTO organizations (id, name) VALUES ('org-00000000-0000-4000-8000-000000000000', 'house');
INSERT INTO users (id, name, organization_id)
SELECT 'user-00000000-0000-4000-8000-00000000000' || n, 'somebody ' || n,
       'org-00000000-0000-4000-8000-000000000000'
FROM generate_series(0, 1) AS n;

INSERT INTO agents
    (id, name, description, system, agent_type, llm_config, embedding_config, metadata_, tool_rules,
     organization_id, created_at, is_deleted, message_ids)
VALUES
    ('agent-06000000-0000-4000-8000-000000000001', 'Harbour', 'Knows the tides.', 'You watch the sea.',
     'memgpt_agent',
     '{"model": "gpt-4o-mini", "model_endpoint_type": "openai", "context_window": 32000,
       "handle": "openai/gpt-4o-mini", "put_inner_thoughts_in_kwargs": true}',
     '{"embedding_model": "letta-free", "embedding_endpoint_type": "hugging-face"}',
     '{"berth": 7}', '[{"type": "exit_loop", "tool_name": "send_message"}]',
     'org-00000000-0000-4000-8000-000000000000', '2025-01-10 08:00:00+00', false,
     '["message-06000000-0000-4000-8000-000000000001",
       "message-06000000-0000-4000-8000-000000000007",
       "message-06000000-0000-4000-8000-000000000005",
       "message-06000000-0000-4000-8000-000000000006",
       "message-06000000-0000-4000-8000-0000000000ff"]'),
    ('agent-06000000-0000-4000-8000-000000000002', 'Gone', NULL, 'You were.', 'memgpt_agent',
     '{"model": "gpt-4", "model_endpoint_type": "openai", "context_window": 8192}', NULL, NULL, NULL,
     'org-00000000-0000-4000-8000-000000000000', '2025-01-10 08:01:00+00', true, '[]');

INSERT INTO block (id, label, value, "limit", is_template, organization_id) VALUES
    ('block-06000000-0000-4000-8000-000000000001', 'persona', 'I am calm.', 5000, false,
     'org-00000000-0000-4000-8000-000000000000'),
    ('block-06000000-0000-4000-8000-000000000002', 'human', 'They sail.', 5000, false,
     'org-00000000-0000-4000-8000-000000000000');
INSERT INTO blocks_agents
SELECT 'agent-06000000-0000-4000-8000-000000000001', id, label FROM block;

INSERT INTO tools
    (id, name, description, source_type, source_code, json_schema, tags, tool_type, organization_id)
VALUES
    ('tool-06000000-0000-4000-8000-000000000001', 'send_message', 'Says something.', 'python', NULL,
     '{"name": "send_message", "parameters": {"type": "object", "properties": {"message": {"type": "string"}}}}',
     '["letta-base"]', 'letta_core', 'org-00000000-0000-4000-8000-000000000000'),
    ('tool-06000000-0000-4000-8000-000000000002', 'tide', 'How high the water is.', 'python',
     E'def tide(port: str) -> str:\n    """How high the water is."""\n    return port\n',
     '{"name": "tide", "description": "How high the water is.", "parameters": {"type": "object", "properties": {"port": {"type": "string", "description": "Where."}}, "required": ["port"]}}',
     '[]', 'custom', 'org-00000000-0000-4000-8000-000000000000');
INSERT INTO tools_agents SELECT 'agent-06000000-0000-4000-8000-000000000001', id FROM tools;
INSERT INTO agents_tags VALUES ('agent-06000000-0000-4000-8000-000000000001', 'sea');

-- Five said before the summary, of which two are still in the context; one was deleted, one has a
-- role that nobody knows.
INSERT INTO messages
    (id, agent_id, role, text, model, tool_calls, tool_call_id, organization_id, created_at, is_deleted)
SELECT 'message-06000000-0000-4000-8000-0000000000' || n,
       'agent-06000000-0000-4000-8000-000000000001', role, said, 'gpt-4o-mini', calls::json, call_id,
       'org-00000000-0000-4000-8000-000000000000',
       timestamptz '2025-01-10 09:00:00+00' + interval '1 minute' * minute, gone
FROM (VALUES
    ('01', 0, 'system', 'You watch the sea.', '[]', NULL, false),
    ('02', 1, 'user', '{"type": "user_message", "message": "Ahoy!", "time": "2025-01-10 09:01:00 AM UTC+0000"}', '[]', NULL, false),
    ('03', 2, 'assistant', 'I look at the water.',
     '[{"id": "call-tide", "type": "function", "function": {"name": "tide", "arguments": "{\"port\": \"Brest\"}"}}]', NULL, false),
    ('04', 3, 'tool', '{"status": "OK", "message": "4.2 m", "time": "2025-01-10 09:03:00 AM UTC+0000"}', '[]', 'call-tide', false),
    ('05', 4, 'assistant', 'I tell them.',
     '[{"id": "call-say", "type": "function", "function": {"name": "send_message", "arguments": "{\"message\": \"The water is 4.2 m high.\"}"}}]', NULL, false),
    ('06', 5, 'tool', '{"status": "OK", "message": "None", "time": "2025-01-10 09:05:00 AM UTC+0000"}', '[]', 'call-say', false),
    ('07', 6, 'user', '{"type": "system_alert", "message": "Note: prior messages have been hidden from view.\nThe following is a summary of the previous 3 messages:\n They greeted, and asked for the tide at Brest.", "time": "2025-01-10 09:06:00 AM UTC+0000"}', '[]', NULL, false),
    ('08', 7, 'user', 'A slip of the pen.', '[]', NULL, true),
    ('09', 8, 'conductor', 'Nobody knows who said this.', '[]', NULL, false)
) AS said (n, minute, role, said, calls, call_id, gone);

INSERT INTO agent_passages (id, text, embedding_config, metadata_, agent_id, organization_id, is_deleted)
VALUES
    ('passage-06000000-0000-4000-8000-000000000001', 'Springs follow the full moon.', '{}', '{"of": "tides"}',
     'agent-06000000-0000-4000-8000-000000000001', 'org-00000000-0000-4000-8000-000000000000', false),
    ('passage-06000000-0000-4000-8000-000000000002', 'A passage that was deleted.', '{}', '{}',
     'agent-06000000-0000-4000-8000-000000000001', 'org-00000000-0000-4000-8000-000000000000', true);
