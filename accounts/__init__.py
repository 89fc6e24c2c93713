"""Who and where: divisions, units, persons, accounts, capabilities, scope, grants, audit trail."""
