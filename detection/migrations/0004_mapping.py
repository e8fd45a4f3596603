"""A label's value means a service, a severity or both, for all sources or one; what was set aside may be taken in again."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("detection", "0003_silences"),
        ("incidents", "0001_initial"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="servicemapping", name="service_mapping_once"),
        migrations.RemoveConstraint(model_name="servicemapping", name="service_mapping_has_value"),
        migrations.RenameModel(old_name="ServiceMapping", new_name="Mapping"),
        migrations.AlterModelOptions(name="mapping", options={"ordering": ["label", "value", "pk"]}),
        migrations.AddField(
            model_name="mapping",
            name="source",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="mappings", to="detection.source"),
        ),
        migrations.AddField(
            model_name="mapping",
            name="severity",
            field=models.CharField(blank=True, choices=[("P1", "P1"), ("P2", "P2"), ("P3", "P3"), ("P4", "P4")], default="", max_length=2),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="mapping",
            name="service",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="mappings", to="incidents.service"),
        ),
        migrations.AddConstraint(
            model_name="mapping",
            constraint=models.UniqueConstraint(condition=models.Q(("source", None)), fields=("label", "value"), name="mapping_once"),
        ),
        migrations.AddConstraint(
            model_name="mapping",
            constraint=models.UniqueConstraint(fields=("source", "label", "value"), name="mapping_of_source_once"),
        ),
        migrations.AddConstraint(
            model_name="mapping",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("label", ""), _negated=True), models.Q(("value", ""), _negated=True)), name="mapping_has_value"
            ),
        ),
        migrations.AddConstraint(
            model_name="mapping",
            constraint=models.CheckConstraint(condition=models.Q(("severity__in", ["", "P1", "P2", "P3", "P4"])), name="mapping_severity_known"),
        ),
        migrations.AddField(
            model_name="candidate",
            name="why",
            field=models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict),
        ),
        migrations.AddField(model_name="setaside", name="taken_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="setaside",
            name="alert",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="detection.alert"),
        ),
    ]
