--! Previous: sha1:b72d64f4f1528be150f91a8eaf7f0dd4ebaede1d
--! Hash: sha1:fc46513aa33a5468eea5a621c174e523f8f4e2a8

ALTER TABLE posts ADD COLUMN paid_at timestamptz;
