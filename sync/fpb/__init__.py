"""The batch format FPB1: frame, manifest, parts, lines; pure, knows no database (`docs/rules/transmission.md`)."""
