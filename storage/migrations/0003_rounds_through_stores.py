"""The sweep goes through the objects of a store, page by page."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("storage", "0002_held_reservations")]

    operations = [
        migrations.AddField(
            "backend",
            "listed_up_to",
            models.CharField(blank=True, default="", editable=False, max_length=1024),
        ),
        migrations.AddField("backend", "listed_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddIndex(
            "upload",
            models.Index(
                condition=models.Q(link_lifetime__isnull=False),
                fields=["staging_key"],
                name="upload_direct_by_staging_key",
            ),
        ),
    ]
