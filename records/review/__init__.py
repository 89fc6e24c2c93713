"""审核: the work list of a reviewer over every record type, one record beside it, decisions one by one or for a set."""
