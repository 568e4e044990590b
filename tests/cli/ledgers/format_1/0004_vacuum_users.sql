-- migrate: no-transaction
VACUUM users;
