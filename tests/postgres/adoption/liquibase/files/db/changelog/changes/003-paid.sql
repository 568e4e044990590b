--liquibase formatted sql

--changeset bob:paid context:prod
ALTER TABLE posts ADD COLUMN paid_at timestamptz;

--changeset bob:elsewhere dbms:oracle
SELECT 1 FROM dual;
