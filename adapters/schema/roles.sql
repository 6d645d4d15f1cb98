-- Roles and rights on the exchange log's database. `motlan migrate` runs it as the owner, with the names that it is
-- given; a gateway compares its account with it (grants.py), one line for each grant. It may be repeated.
--
-- motlan_app    what a serving gateway is: it owns nothing, inserts and reads; only the end of the tree
--               (`log_state`, `log_edge`) changes under it. Partitions of a new month are made for it by
--               `motlan_month`, which runs with the owner's rights.
-- motlan_admin  pruning and erasure: opens the door for pruning (`log_pruned`), deletes what lies below it,
--               deletes the keys of a period, wraps them anew. Partitions of months that are empty
--               are dropped for it by `motlan_drop_month`, which runs with the owner's rights.
--               `log.admin_url` names an account of it; only `motlan` commands use it, never a serving gateway.
-- motlan_audit  reads, and nothing else.
--
-- They are group roles: give them to the accounts that log in, for example
--
--   CREATE ROLE gateway LOGIN PASSWORD '…' IN ROLE motlan_app;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['motlan_app', 'motlan_admin', 'motlan_audit'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END $$;

-- No more than what follows, on our own tables and functions: others in the database keep what they have.
DO $$
DECLARE
    ours regclass;
BEGIN
    -- Nobody makes tables beside ours.
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO motlan_app, motlan_admin, motlan_audit', current_schema());
    FOR ours IN SELECT oid FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'S')
        AND regexp_replace(relname, '_\d{4}_\d{2}$', '') = ANY (ARRAY[
            'access_replays', 'access_revocations', 'alembic_version', 'append_log', 'append_log_seq_seq', 'consents',
            'corrections', 'decisions', 'deliveries', 'delivery_events', 'delivery_queues', 'dossier_events',
            'dossier_files', 'dossier_owners', 'dossiers', 'file_uids', 'idempotency_keys', 'kept_papers', 'log_anchors', 'log_archives', 'log_blocks',
            'log_checkpoints', 'log_edge', 'log_entries', 'log_periods', 'log_pruned', 'log_pruned_hashes', 'log_quarantine', 'log_signers',
            'log_sources', 'log_state', 'log_subjects', 'log_tiles', 'log_untagged', 'own_data', 'own_data_keys',
            'period_keys', 'reconcile_runs', 'refused_copies', 'subject_requests', 'write_probe'])
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, motlan_app, motlan_admin, motlan_audit', ours);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION motlan_month(text), motlan_drop_month(text, text) FROM PUBLIC, motlan_app, motlan_admin, motlan_audit;

-- What only grows.
GRANT SELECT, INSERT ON append_log, period_keys TO motlan_app;
GRANT SELECT, INSERT ON log_entries, log_subjects, log_sources TO motlan_app;
GRANT SELECT, INSERT ON log_tiles, log_checkpoints, log_blocks, log_anchors TO motlan_app;
-- The end of the tree, and the table that a readiness probe writes to.
GRANT SELECT, UPDATE ON log_state TO motlan_app;
GRANT SELECT, INSERT, UPDATE ON log_edge TO motlan_app;
GRANT SELECT, INSERT, DELETE ON write_probe TO motlan_app;
-- Rows that got no place; and, once, until when rows of the release before are taken.
GRANT SELECT, INSERT ON log_quarantine TO motlan_app;
GRANT SELECT, UPDATE (until, seal) ON log_untagged TO motlan_app;
GRANT SELECT ON log_pruned, append_log_seq_seq, alembic_version TO motlan_app;
-- What access remembers: shown once, revoked.
GRANT SELECT, INSERT, DELETE ON access_replays, access_revocations TO motlan_app;
-- What citizens agreed to, let be kept, demand. Own data are erased with their consent.
GRANT SELECT, INSERT, UPDATE ON consents, subject_requests TO motlan_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON own_data_keys, own_data, kept_papers TO motlan_app;
-- Previews that were decided about: each once, in whichever process; and the kept copies that go with a refusal.
GRANT SELECT, INSERT, DELETE ON decisions, refused_copies TO motlan_app;
GRANT UPDATE (until) ON decisions TO motlan_app;
-- Reports to the owners of databases; nothing of them is deleted by a gateway.
GRANT SELECT, INSERT ON corrections TO motlan_app;
GRANT UPDATE (state, delivered) ON corrections TO motlan_app;
-- Dossiers, their steps and deliveries. Steps stay as they are; erasure empties what is sealed in them.
GRANT SELECT, INSERT, UPDATE ON dossiers, deliveries, delivery_queues TO motlan_app;
GRANT SELECT, INSERT, DELETE ON dossier_owners, dossier_files, file_uids, idempotency_keys TO motlan_app;
GRANT SELECT, INSERT, UPDATE (sealed) ON dossier_events TO motlan_app;
GRANT SELECT, INSERT ON delivery_events TO motlan_app;
-- Runs of the reconciliation: the next one replaces the row.
GRANT SELECT, INSERT, UPDATE ON reconcile_runs TO motlan_app;
-- What was erased, pruned, and who has signed: triggers write it, or the administrator.
GRANT SELECT ON log_periods, log_signers, log_archives, log_pruned_hashes TO motlan_app, motlan_admin, motlan_audit;
GRANT EXECUTE ON FUNCTION motlan_month(text) TO motlan_app;

GRANT SELECT, INSERT ON log_pruned, log_archives, log_pruned_hashes TO motlan_admin;
GRANT EXECUTE ON FUNCTION motlan_drop_month(text, text) TO motlan_admin;
GRANT UPDATE (wrapped) ON period_keys TO motlan_admin;
GRANT SELECT, UPDATE (seen) ON log_quarantine TO motlan_admin;
GRANT SELECT, DELETE ON append_log, log_entries, log_subjects, log_sources, period_keys TO motlan_admin;
GRANT SELECT ON log_state, log_edge, log_tiles, log_checkpoints, log_blocks, log_anchors, alembic_version TO motlan_admin;

GRANT SELECT ON append_log, log_entries, log_subjects, log_sources, log_tiles, log_edge TO motlan_audit;
GRANT SELECT ON log_checkpoints, log_blocks, log_anchors, log_state, log_pruned, alembic_version TO motlan_audit;
GRANT SELECT ON log_quarantine, log_untagged TO motlan_audit;
