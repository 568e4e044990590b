from yoyo import step

steps = [step("CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);")]
