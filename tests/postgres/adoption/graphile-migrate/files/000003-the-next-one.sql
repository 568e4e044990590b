--! Previous: sha1:0807900bda002e21435389cb602262aaff06fcec
--! Hash: sha1:b72d64f4f1528be150f91a8eaf7f0dd4ebaede1d
--! Message: the next one

--! no-transaction
CREATE INDEX CONCURRENTLY posts_user_id_idx ON posts (user_id);
