-- What a V1 database of about 0.11 has more than one of 0.6.49, which was upgraded in its place: archives
-- that agents share, approvals, identities, secrets; one organization more.
UPDATE alembic_version SET version_num = '15b577c62f3f';

ALTER TABLE organizations ADD privileged_tools boolean NOT NULL DEFAULT false;
ALTER TABLE agents
    ADD project_id varchar, ADD template_id varchar, ADD base_template_id varchar,
    ADD message_buffer_autoclear boolean NOT NULL DEFAULT false, ADD enable_sleeptime boolean,
    ADD response_format json, ADD last_run_completion timestamptz, ADD last_run_duration_ms integer,
    ADD timezone varchar, ADD max_files_open integer, ADD per_file_view_window_char_limit integer,
    ADD hidden boolean;
ALTER TABLE block
    ADD read_only boolean NOT NULL DEFAULT false, ADD version integer NOT NULL DEFAULT 1,
    ADD preserve_on_migration boolean, ADD current_history_entry_id varchar, ADD hidden boolean,
    ADD project_id varchar;
ALTER TABLE tools
    DROP module, ADD args_json_schema json, ADD metadata_ json, ADD pip_requirements json,
    ADD npm_requirements json, ADD default_requires_approval boolean;
ALTER TABLE messages
    ADD sender_id varchar, ADD batch_item_id varchar,
    ADD approval_request_id varchar, ADD approve boolean, ADD denial_reason varchar,
    ALTER tool_calls DROP NOT NULL;

CREATE TABLE archives (
    id varchar PRIMARY KEY, name varchar NOT NULL, description varchar, metadata_ json,
    embedding_config json, vector_db_provider varchar NOT NULL DEFAULT 'native',
    organization_id varchar NOT NULL REFERENCES organizations,
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, _created_by_id varchar, _last_updated_by_id varchar
);
CREATE TABLE archives_agents (
    agent_id varchar NOT NULL REFERENCES agents, archive_id varchar NOT NULL REFERENCES archives,
    created_at timestamptz NOT NULL DEFAULT now(), is_owner boolean NOT NULL,
    PRIMARY KEY (agent_id, archive_id)
);
INSERT INTO archives (id, name, organization_id) VALUES
    ('archive-06000000-0000-4000-8000-000000000001', 'Harbour''s Archive',
     'org-00000000-0000-4000-8000-000000000000');
INSERT INTO archives_agents (agent_id, archive_id, is_owner) VALUES
    ('agent-06000000-0000-4000-8000-000000000001', 'archive-06000000-0000-4000-8000-000000000001', true);
ALTER TABLE agent_passages RENAME TO archival_passages;
ALTER TABLE archival_passages ADD archive_id varchar REFERENCES archives, ADD tags json;
UPDATE archival_passages SET archive_id = 'archive-06000000-0000-4000-8000-000000000001';
ALTER TABLE archival_passages DROP agent_id;

CREATE TABLE agent_environment_variables (
    id varchar PRIMARY KEY, key varchar NOT NULL, value varchar NOT NULL, description varchar,
    agent_id varchar NOT NULL REFERENCES agents, organization_id varchar REFERENCES organizations,
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, _created_by_id varchar, _last_updated_by_id varchar
);
CREATE TABLE identities (
    id varchar PRIMARY KEY, identifier_key varchar NOT NULL, name varchar NOT NULL,
    identity_type varchar NOT NULL, project_id varchar, properties json NOT NULL,
    organization_id varchar NOT NULL REFERENCES organizations,
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
    is_deleted boolean NOT NULL DEFAULT false, _created_by_id varchar, _last_updated_by_id varchar
);
CREATE TABLE identities_agents (
    identity_id varchar NOT NULL REFERENCES identities, agent_id varchar NOT NULL REFERENCES agents,
    PRIMARY KEY (identity_id, agent_id)
);
CREATE TABLE identities_blocks (
    identity_id varchar NOT NULL REFERENCES identities, block_id varchar NOT NULL REFERENCES block,
    PRIMARY KEY (identity_id, block_id)
);
CREATE TABLE sources (id varchar PRIMARY KEY, name varchar, is_deleted boolean NOT NULL DEFAULT false);
INSERT INTO sources VALUES ('source-11000000-0000-4000-8000-000000000001', 'pilot books', false);

INSERT INTO organizations (id, name) VALUES ('org-11000000-0000-4000-8000-000000000000', 'orchard');
INSERT INTO agents
    (id, name, system, agent_type, llm_config, organization_id, created_at, timezone, tool_rules, message_ids)
VALUES
    ('agent-11000000-0000-4000-8000-000000000001', 'Orchard', 'You grow apples.', 'memgpt_v2_agent',
     '{"model": "palaver-test", "model_endpoint_type": "anthropic", "context_window": 200000,
       "handle": null, "enable_reasoner": true, "max_reasoning_tokens": 1024}',
     'org-11000000-0000-4000-8000-000000000000', '2025-09-01 08:00:00+00', 'Europe/Berlin',
     '[{"type": "requires_approval", "tool_name": "tide"}]',
     '["message-11000000-0000-4000-8000-000000000010", "message-11000000-0000-4000-8000-000000000020",
       "message-11000000-0000-4000-8000-000000000030", "message-11000000-0000-4000-8000-000000000040",
       "message-11000000-0000-4000-8000-000000000050", "message-11000000-0000-4000-8000-000000000060",
       "message-11000000-0000-4000-8000-000000000070", "message-11000000-0000-4000-8000-000000000080"]');

-- One block and one archive are shared by two agents; a tool of another organization has a name that
-- is taken.
INSERT INTO block (id, label, value, "limit", is_template, read_only, organization_id) VALUES
    ('block-11000000-0000-4000-8000-000000000001', 'soil', 'Loam.', 2000, false, true,
     'org-11000000-0000-4000-8000-000000000000');
INSERT INTO blocks_agents VALUES
    ('agent-06000000-0000-4000-8000-000000000001', 'block-11000000-0000-4000-8000-000000000001', 'soil'),
    ('agent-11000000-0000-4000-8000-000000000001', 'block-11000000-0000-4000-8000-000000000001', 'soil');
INSERT INTO tools
    (id, name, description, source_type, source_code, json_schema, tags, tool_type, organization_id,
     return_char_limit, default_requires_approval)
VALUES
    ('tool-11000000-0000-4000-8000-000000000001', 'tide', 'Another tide.', 'python',
     E'def tide() -> str:\n    """Another tide."""\n    return "low"\n',
     '{"name": "tide", "description": "Another tide.", "parameters": {"type": "object", "properties": {}}}',
     '["fruit"]', 'custom', 'org-11000000-0000-4000-8000-000000000000', 1000, true);
INSERT INTO tools (id, name, source_type, json_schema, tags, tool_type, organization_id) VALUES
    ('tool-11000000-0000-4000-8000-000000000002', 'run_code', 'python', '{"name": "run_code"}', '[]',
     'letta_builtin', 'org-11000000-0000-4000-8000-000000000000');
INSERT INTO tools_agents VALUES
    ('agent-11000000-0000-4000-8000-000000000001', 'tool-11000000-0000-4000-8000-000000000001'),
    ('agent-06000000-0000-4000-8000-000000000001', 'tool-11000000-0000-4000-8000-000000000002'),
    ('agent-11000000-0000-4000-8000-000000000001', 'tool-11000000-0000-4000-8000-000000000002');
INSERT INTO archives (id, name, organization_id) VALUES
    ('archive-11000000-0000-4000-8000-000000000001', 'Sorts', 'org-11000000-0000-4000-8000-000000000000');
INSERT INTO archives_agents (agent_id, archive_id, is_owner)
SELECT id, 'archive-11000000-0000-4000-8000-000000000001', id LIKE 'agent-11%'
FROM agents WHERE NOT is_deleted;
INSERT INTO archival_passages (id, text, embedding_config, metadata_, tags, archive_id, organization_id)
VALUES
    ('passage-11000000-0000-4000-8000-000000000001', 'Boskoop keeps until March.', '{}', '{}', '["sort"]',
     'archive-11000000-0000-4000-8000-000000000001', 'org-11000000-0000-4000-8000-000000000000');
INSERT INTO agent_environment_variables (id, key, value, agent_id) VALUES
    ('agent-env-11000000-0000-4000-8000-000000000001', 'WELL_KEY', 'hush-hush',
     'agent-11000000-0000-4000-8000-000000000001');
INSERT INTO identities (id, identifier_key, name, identity_type, properties, organization_id) VALUES
    ('identity-11000000-0000-4000-8000-000000000001', 'grower', 'A grower', 'user', '[]',
     'org-11000000-0000-4000-8000-000000000000'),
    ('identity-11000000-0000-4000-8000-000000000002', 'grower', 'Of another project', 'org',
     '[{"key": "trees", "value": 40, "type": "number"}]', 'org-00000000-0000-4000-8000-000000000000');
INSERT INTO identities_agents
SELECT 'identity-11000000-0000-4000-8000-000000000001', id FROM agents WHERE id LIKE '%1';
INSERT INTO identities_blocks VALUES
    ('identity-11000000-0000-4000-8000-000000000001', 'block-11000000-0000-4000-8000-000000000001');

-- Reasoning that shows and that does not, a picture, a call that was approved of, and one that waits.
INSERT INTO messages
    (id, agent_id, role, content, model, name, tool_calls, tool_returns, tool_call_id, otid, sender_id,
     approve, denial_reason, approval_request_id, organization_id, created_at)
SELECT 'message-11000000-0000-4000-8000-0000000000' || n,
       'agent-11000000-0000-4000-8000-000000000001', role, content::json, 'palaver-test', name,
       calls::json, returns::json, call_id, otid, sender,
       approve, CASE WHEN approve THEN NULL ELSE reason END,
       CASE WHEN approve IS NULL THEN NULL
            ELSE 'message-11000000-0000-4000-8000-000000000040' END,
       'org-11000000-0000-4000-8000-000000000000',
       timestamptz '2025-09-01 09:00:00+00' + interval '1 second' * n::int
FROM (VALUES
    ('10', 'system', '[{"type": "text", "text": "You grow apples."}]', NULL, '[]', '[]', NULL, NULL, NULL, NULL::boolean, NULL),
    ('20', 'user', '[{"type": "text", "text": "What is this?"}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}]',
     NULL, NULL, NULL, NULL, 'a1b2c3d4-0000-4000-8000-000000000000', 'user-00000000-0000-4000-8000-000000000001', NULL, NULL),
    ('30', 'assistant', '[{"type": "reasoning", "is_native": true, "reasoning": "An apple, I think.", "signature": "sig-1"}, {"type": "redacted_reasoning", "data": "b64"}, {"type": "text", "text": "An apple. I ask the well."}]',
     NULL, '[]', '[]', NULL, NULL, NULL, NULL, NULL),
    ('40', 'approval', NULL, NULL, '[{"id": "call-well", "type": "function", "function": {"name": "tide", "arguments": "{}"}}]', '[]', NULL, NULL, NULL, NULL, NULL),
    ('50', 'approval', NULL, NULL, NULL, NULL, NULL, NULL, NULL, true, NULL),
    ('60', 'tool', '[{"type": "text", "text": "{\"status\": \"OK\", \"message\": \"low\", \"time\": \"2025-09-01\"}"}]', 'tide', NULL,
     '[{"status": "success", "stdout": ["asked"], "stderr": []}]',
     'call-well', NULL, NULL, NULL, NULL),
    ('70', 'assistant', '[{"type": "omitted_reasoning"}, {"type": "text", "text": "It is low. I ask again."}]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('80', 'approval', '[]', NULL, '[{"id": "call-again", "type": "function", "function": {"name": "tide", "arguments": "{}"}}]', NULL, NULL, NULL, NULL, NULL, NULL)
) AS said (n, role, content, name, calls, returns, call_id, otid, sender, approve, reason);
