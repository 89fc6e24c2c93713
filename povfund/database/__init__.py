"""Database engine on the embedded PostgreSQL, privileges of the roles, read replicas."""
