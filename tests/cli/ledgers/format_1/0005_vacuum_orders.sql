-- migrate: no-transaction
VACUUM users;
VACUUM orders;
