from django.db import migrations

import povfund.common.phrases


def _column(name, blank):
    return migrations.RunSQL(
        f'ALTER TABLE records_importfinding ALTER COLUMN "{name}" TYPE jsonb USING to_jsonb("{name}")',
        f"""ALTER TABLE records_importfinding ALTER COLUMN "{name}" TYPE text
            USING CASE WHEN jsonb_typeof("{name}") = 'object' THEN "{name}" ->> 'say' ELSE "{name}" #>> '{{}}' END""",
        state_operations=[
            migrations.AlterField("importfinding", name, povfund.common.phrases.PhraseField(blank=blank)),
        ],
    )


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0012_drafts_get_their_key"),
    ]

    operations = [
        _column("message", blank=False),
        _column("remedy", blank=True),
        migrations.AlterField("sheetimport", "counts", povfund.common.phrases.PhraseField(default=dict)),
        migrations.AlterField("sheetimport", "notes", povfund.common.phrases.PhraseField(default=list)),
    ]
