-- A gateway's database of version 1, as it was made: one task waits, one has ended, one is being handed in.
CREATE TABLE tasks (id TEXT PRIMARY KEY, place INTEGER NOT NULL, owner TEXT NOT NULL, live INTEGER NOT NULL, listed INTEGER NOT NULL, ended INTEGER, due INTEGER NOT NULL, task TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX due_tasks ON tasks (due) WHERE due = 1;
CREATE INDEX live_tasks ON tasks (live) WHERE live = 1;
CREATE INDEX placed_tasks ON tasks (place);
CREATE INDEX ended_tasks ON tasks (ended) WHERE ended IS NOT NULL;
CREATE TABLE files (task TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, bytes INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (task, name)) WITHOUT ROWID;
CREATE TABLE output (task TEXT NOT NULL, first INTEGER NOT NULL, lines INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (task, first)) WITHOUT ROWID;
CREATE TABLE chores (node TEXT NOT NULL, task TEXT NOT NULL, remove INTEGER NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (node, task)) WITHOUT ROWID;
CREATE TABLE events (number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, task TEXT, node TEXT);
CREATE INDEX task_events ON events (task) WHERE task IS NOT NULL;
CREATE TABLE nodes (id TEXT PRIMARY KEY, place INTEGER NOT NULL, node TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tokens (id TEXT PRIMARY KEY, token TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO tasks VALUES ('00000001-0000-4000-8000-000000000000', 2, '', 1, 1, NULL, 0, '{"id":"00000001-0000-4000-8000-000000000000","owner":"","name":"task 1","created":"2026-05-01T12:00:00+00:00","order":2,"options":"[]","skip_post_processing":false,"webhook_due":false,"finish_due":false,"phase":{"is":"queued","since":"2026-05-01T12:00:00+00:00","shown_running":false},"files":1,"images":1,"bytes":7,"has_files":true,"is_split_merge_parent":false,"attempts":{"count":0,"begun":0,"avoid":[]},"progress":0,"processing_time":-1,"lines":3}');
INSERT INTO tasks VALUES ('00000002-0000-4000-8000-000000000000', 1, '', 0, 1, 1777636800000, 1, '{"id":"00000002-0000-4000-8000-000000000000","owner":"","name":"task 2","created":"2026-05-01T12:00:00+00:00","order":1,"options":"[]","skip_post_processing":false,"webhook_due":false,"finish_due":false,"phase":{"is":"ended","code":40,"at":"2026-05-01T12:00:00+00:00","node":"a","on_node":"00000002-0000-4000-8000-000000000000","result":{"bytes":5,"sha256":"ab","key":"results/00000002-0000-4000-8000-000000000000/1/all.zip"}},"files":1,"images":1,"bytes":7,"has_files":true,"is_split_merge_parent":false,"attempts":{"count":0,"begun":0,"avoid":[]},"progress":0,"processing_time":-1,"lines":3}');
INSERT INTO tasks VALUES ('00000003-0000-4000-8000-000000000000', 0, '', 1, 0, NULL, 0, '{"id":"00000003-0000-4000-8000-000000000000","owner":"","name":"task 3","created":"2026-05-01T12:00:00+00:00","order":0,"options":"[]","skip_post_processing":false,"webhook_due":false,"finish_due":false,"phase":{"is":"receiving","heard_at":"2026-05-01T12:00:00+00:00"},"files":0,"images":0,"bytes":7,"has_files":true,"is_split_merge_parent":false,"attempts":{"count":0,"begun":0,"avoid":[]},"progress":0,"processing_time":-1,"lines":3}');
INSERT INTO files VALUES ('00000001-0000-4000-8000-000000000000', 'a.jpg', 'aa', 7, 'spool/aa');
INSERT INTO files VALUES ('00000003-0000-4000-8000-000000000000', 'b.jpg', 'bb', 8, 'spool/bb');
INSERT INTO output VALUES ('00000001-0000-4000-8000-000000000000', 0, 2, 'first
second');
INSERT INTO output VALUES ('00000001-0000-4000-8000-000000000000', 2, 1, 'third');
INSERT INTO chores VALUES ('a', '00000004-0000-4000-8000-000000000000', 1, 0);
INSERT INTO events (at, kind, text, task, node) VALUES (1777636800000, 'queued', 'task 1: 1 files, 7 bytes', '00000001-0000-4000-8000-000000000000', NULL);
INSERT INTO nodes VALUES ('a', 1, '{"id":"a","url":"http://127.0.0.1:9/","token":"","locked":false,"draining":false}');
INSERT INTO tokens VALUES ('t', '{}');
INSERT INTO settings VALUES ('swept', 'once');
PRAGMA user_version = 1;
