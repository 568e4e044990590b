-- Rows for schema.sql, so that a column that can be NULL comes out NULL for as many queries of the corpus as can be.

INSERT INTO team (id, name, motto, budget, founded, settings) VALUES
    (1, 'red', 'onward', 1000, '2001-02-03', '{"size": 3, "color": "red", "list": [1, 2], "none": null}'),
    (2, 'blue', NULL, NULL, NULL, '{}'),
    (3, 'empty', 'alone', 0, 'infinity', '["color", null, 7]'),
    (4, 'ghost', '', NULL, '-infinity', 'null'),
    (5, 'new here', NULL, 5, '2024-02-03', '{"color": null}');
SELECT setval(pg_get_serial_sequence('team', 'id'), 100);

INSERT INTO person (id, team_id, boss_id, name, nick, email, mood, feeling, born, joined, score, points, active, tags,
    skills, home, extra, stay, shift) VALUES
    (1, 1, NULL, 'ann', 'a', 'ann@x', 'high', 'high', '1990-05-06', '2020-01-02', 5, 10, true, '{x,y}',
     '{sql,NULL}', '("Main",12)', '{"a": 1, "b": {"c": "d"}, "l": [1, null, "z"], "n": null}', '[2020-01-01,2021-01-01)', '[1,5)'),
    (2, 1, 1, 'bob', 'b', NULL, NULL, 'low', NULL, '2021-01-02', NULL, 20, NULL, NULL,
     '{}', NULL, NULL, NULL, 'empty'),
    (3, 2, 1, 'cid', 'c', 'cid@x', 'low', 'low', '-infinity', 'infinity', 3, 0, false, '{}',
     '{go,c}', '("Side",)', '["a", null]', '[2020-01-01,)', '(,)'),
    (4, NULL, 3, 'dot', 'd', 'dot@x', 'fine', 'fine', '2000-01-01', '2022-01-02', 0, 5, true, '{NULL,z}',
     '{c}', '(,)', 'null', 'empty', '[3,)'),
    (5, NULL, NULL, '', 'e', NULL, NULL, 'fine', NULL, '2022-01-03', NULL, 7, NULL, '{x}',
     '{sql}', '(,7)', '{}', '(,)', '[0,1)'),
    (7, 4, 1, 'fay', 'f', 'fay@x', NULL, 'fine', '1980-01-01', '2022-01-04', 9, 30, NULL, '{}',
     '{}', '(,)', '"a"', 'empty', '[1,2)'),
    (8, NULL, NULL, 'gus', 'g', NULL, 'low', 'low', '2001-01-01', '2022-01-05', 8, 2, false, '{x}',
     '{sql}', '("Back",1)', '7', '[2020-01-01,2020-01-02)', '[1,2)'),
    (9, 5, NULL, 'hal', 'h', NULL, NULL, 'low', NULL, '2022-01-06', NULL, 3, true, NULL, '{}', NULL, '[]', NULL, 'empty'),
    (10, 5, NULL, 'ida', 'i', NULL, 'low', 'low', NULL, '2022-01-07', NULL, 4, NULL, NULL, '{}', NULL, '{"a": "1"}', NULL, 'empty');
-- The way that the manual names to store NULL in a NOT NULL domain.
INSERT INTO person (id, name, nick, points) VALUES (6, 'eve', (SELECT nick FROM person WHERE false), 1);
INSERT INTO person (id, name, nick, score) VALUES (0, 'nil', (SELECT nick FROM person WHERE false), 1);

INSERT INTO task (person_id, reviewer_id, title, done, due, deadline, hours, price, priority, kind, phone, mail) VALUES
    (1, 2, 'one', false, '2024-01-01', '2024-01-02', 2, 10, 1, 'k', '1', NULL),
    (1, NULL, 'two', true, NULL, 'infinity', 3, NULL, NULL, 'k', NULL, 'm'),
    (2, 3, 'three', true, 'infinity', '-infinity', 5, 7, 2, 'l', '2', 'n'),
    (3, NULL, 'four', false, NULL, '2024-05-06', 0, NULL, NULL, 'l', NULL, 'o');

INSERT INTO seat VALUES ('a', 1, 'red'), ('a', 2, 'blue'), ('b', 1, 'red');
INSERT INTO booking VALUES (1, 'a', 1), (2, 'a', NULL), (3, 'nowhere', NULL), (50, 'b', 1);
INSERT INTO legacy VALUES (2, 'x', 1);
INSERT INTO deferred VALUES (1, 1);
INSERT INTO guarded VALUES (1, 'kept', 1), (2, NULL, 2), (60, 'other', 3);
INSERT INTO animal VALUES (1, 'cat', NULL);
INSERT INTO dog VALUES (2, NULL, 'woof', 'ann'), (3, 'rex', NULL, 'bob');
INSERT INTO event VALUES (1, '2024-03-04', 'start', 'n'), (2, '2025-03-04', 'end', NULL), (70, '2024-03-05', 'alone', 'o');
INSERT INTO shard VALUES (2, NULL);

REFRESH MATERIALIZED VIEW best;
