"""Consents of citizens, their own data, and their requests.

With SQLite all of it lies in a file of its own (`consents.sqlite`): it never waits for the log nor the log for it.
"""

from adapters.schema.revision import DatabaseFile, Revision

REVISION = Revision(
    number="0008",
    file=DatabaseFile.CONSENTS,
    both=(
        "CREATE TABLE consents (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE,"
        " period text NOT NULL, person bytea NOT NULL, requester text NOT NULL, recorder text NOT NULL,"
        " purpose text NOT NULL, given double precision NOT NULL, expires double precision NOT NULL,"
        " withdrawn double precision NOT NULL, body text NOT NULL, sealed bytea NOT NULL)",
        "CREATE INDEX consents_person ON consents (person)",
        "CREATE INDEX consents_requester ON consents (requester, seq)",
        "CREATE TABLE own_data_keys (consent text PRIMARY KEY, period text NOT NULL, person bytea NOT NULL,"
        " requester text NOT NULL, wrapped bytea NOT NULL)",
        "CREATE INDEX own_data_keys_person ON own_data_keys (person)",
        "CREATE TABLE own_data (consent text NOT NULL, attribute text NOT NULL, given double precision NOT NULL,"
        " until double precision NOT NULL, sealed bytea NOT NULL, PRIMARY KEY (consent, attribute))",
        "CREATE TABLE subject_requests (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE,"
        " period text NOT NULL, person bytea NOT NULL, requester text NOT NULL, kind text NOT NULL,"
        " received double precision NOT NULL, state text NOT NULL, acknowledge_by text NOT NULL,"
        " answer_by text NOT NULL, version bigint NOT NULL, body text NOT NULL, sealed bytea NOT NULL)",
        "CREATE INDEX subject_requests_person ON subject_requests (person)",
        "CREATE INDEX subject_requests_state ON subject_requests (state, seq)",
    ),
    postgres=("REVOKE ALL ON consents, own_data_keys, own_data, subject_requests FROM PUBLIC",),
)
