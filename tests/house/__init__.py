"""Tests of the house: settings, embedded database, privileges, commands, packaging."""
