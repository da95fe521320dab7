"""The reservation of an upload to a store outlives it, as long as its links do."""

import django.db.models.deletion
from django.db import migrations, models

LONGEST = 7 * 24 * 3600
"""Seconds: what S3 grants a link, and the most that the setting took. How long the links of uploads that are under way
live was not noted."""


def note_links(apps, schema_editor):
    uploads = apps.get_model("storage", "Upload").objects.using(schema_editor.connection.alias)
    uploads.filter(direct=True).update(link_lifetime=LONGEST)


def forget_links(apps, schema_editor):
    uploads = apps.get_model("storage", "Upload").objects.using(schema_editor.connection.alias)
    uploads.filter(link_lifetime__isnull=False).update(direct=True)


class Migration(migrations.Migration):
    dependencies = [("storage", "0001_initial")]

    operations = [
        migrations.AddField("upload", "link_lifetime", models.PositiveIntegerField(null=True)),
        migrations.RunPython(note_links, forget_links),
        migrations.RemoveField("upload", "direct"),
        migrations.AddField(
            "tombstone",
            "drive",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.drive",
            ),
        ),
        migrations.AddField("tombstone", "actor", models.CharField(max_length=300, null=True)),
        migrations.AddField("tombstone", "held_bytes", models.BigIntegerField(null=True)),
        migrations.AddConstraint(
            "tombstone",
            models.CheckConstraint(
                condition=models.Q(drive=None, actor=None, held_bytes=None)
                | models.Q(drive__isnull=False, actor__isnull=False, held_bytes__isnull=False),
                name="tombstone_holds_all_or_nothing",
            ),
        ),
        migrations.AddIndex(
            "tombstone",
            models.Index(fields=["actor"], condition=models.Q(actor__isnull=False), name="tombstone_held_by_actor"),
        ),
    ]
