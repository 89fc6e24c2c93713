"""REST resources of units, divisions and the audit trail, and the API's sign-in."""
