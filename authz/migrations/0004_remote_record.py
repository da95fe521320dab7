"""Our own record of what is granted, also where an OpenFGA server answers: made from the log, which has all of it."""

from django.db import migrations, models


def make_record(apps, schema_editor):
    store = apps.get_model("authz", "RemoteStore").objects
    models_there = apps.get_model("authz", "RemoteModel").objects.order_by("-id")
    newest = models_there.first()
    if newest is None:
        return  # the embedded engine has been answering: its tuples are the record
    if not store.exists():
        # The store was named in the settings.
        store.create(store_id=newest.store_id, created_at=newest.created_at)
    schema_editor.execute(
        "INSERT INTO authz_relationshiptuple (object_type, object_id, relation, subject, subject_relation,"
        " condition_name, condition_context, created_at)"
        " SELECT c.object_type, c.object_id, c.relation, c.subject,"
        + (
            " split_part(c.subject, '#', 2),"
            if schema_editor.connection.vendor == "postgresql"
            else " CASE WHEN instr(c.subject, '#') > 0 THEN substr(c.subject, instr(c.subject, '#') + 1) ELSE '' END,"
        )
        + " c.condition_name, c.condition_context, c.created_at FROM authz_tuplechange c JOIN"
        " (SELECT max(id) AS id FROM authz_tuplechange WHERE delivery <> 'refused'"
        " GROUP BY object_type, object_id, relation, subject) newest ON newest.id = c.id"
        " WHERE c.operation = 'write' ON CONFLICT DO NOTHING"
    )


class Migration(migrations.Migration):

    dependencies = [
        ("authz", "0003_model_activation"),
    ]

    operations = [
        migrations.AddField(
            model_name="remotestore",
            name="is_whole",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="remotestore",
            name="filled_through",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name="tuplechange",
            index=models.Index(
                condition=models.Q(("delivery__gt", "")),
                fields=["object_type", "object_id", "id"],
                name="change_undelivered_of",
            ),
        ),
        migrations.AddIndex(
            model_name="tuplechange",
            index=models.Index(
                condition=models.Q(("delivery__gt", ""), ("operation", "delete")),
                fields=["id"],
                name="change_revocations",
            ),
        ),
        migrations.RunPython(make_record, migrations.RunPython.noop, elidable=True),
    ]
