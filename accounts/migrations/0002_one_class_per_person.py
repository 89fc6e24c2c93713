"""Art. 17 in the database: an account's class is its person's class, whatever writes the row."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="""
                ALTER TABLE accounts_user ADD CONSTRAINT accounts_user_class_is_the_persons
                FOREIGN KEY (person_id, person_class) REFERENCES accounts_person (id, personnel_class)
            """,
            reverse_sql="ALTER TABLE accounts_user DROP CONSTRAINT accounts_user_class_is_the_persons",
        ),
    ]
